import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { send, startFake } from '../support/fake-server.ts';
import { encodeRequest, RespClient, type Word } from '../support/resp-client.ts';
import { shards, startInProcess, USUAL, VARIANTS, type Variant } from '../support/ringway.ts';
import { SideBySide } from '../support/side-by-side.ts';
import { waitFor } from '../support/wait.ts';

for (const variant of VARIANTS) {
  describe(`commands with many keys, ${variant.label}`, () => suite(variant));
}

test('counts that no server can have made: an error, and the connections are kept', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => `${i * 7919}:count`);
  let count = 0;
  const fakes = await Promise.all([1, 2].map(() => startFake(() => send(`:${count}\r\n`))));
  const ringway = await startInProcess({ servers: shards(fakes.map(({ port }) => port)) });
  const client = await RespClient.open(ringway.port);
  for (const name of ['DEL', 'UNLINK', 'TOUCH', 'EXISTS']) {
    for (const wrong of [13, 4_294_967_297, 2 ** 53, -1]) {
      count = wrong;
      assert.equal(
        String(await client.command(name, ...keys)),
        'ReplyError: ERR Invalid argument',
        `${name} ${count}`,
      );
    }
    count = 1;
    assert.equal(await client.command(name, ...keys), 2);
  }
  for (const fake of fakes) assert.equal(fake.connections, 1);
  client.close();
  await ringway.stop();
  await Promise.all(fakes.map((fake) => fake.stop()));
});

function suite(variant: Variant): void {
  let pair: SideBySide;
  let client: RespClient;
  let direct: RespClient;

  before(async () => {
    pair = await SideBySide.start(variant);
    ({ client, direct } = pair);
  });
  after(() => pair?.stop());

  const same = async (...words: (Word | Word[])[]): Promise<void> => {
    const request = encodeMany(words.flat());
    // Parsed once, when all is there: a reply may come in thousands of chunks.
    const ask = async (to: RespClient): Promise<string> => {
      await to.send(Buffer.concat([request, encodeRequest('PING')]));
      const pong = () => to.unread.subarray(-7).toString('latin1') === '+PONG\r\n';
      await waitFor(`the reply to ${words[0]}`, pong);
      return (await to.readRaw(2)).toString('latin1');
    };
    const [here, there] = await Promise.all([ask(client), ask(direct)]);
    assert.ok(here === there, `${words[0]} of ${words.flat().length - 1} words`);
  };

  for (const count of [1, 2, 3, 500, 100_000]) {
    test(`${count} keys: the same replies as one Redis`, async () => {
      const keys = Array.from({ length: count }, (_, i) => `key:${i}:${'x'.repeat(i % 13)}`);
      const half = keys.filter((_, i) => i % 2 === 0);
      await same(
        'MSET',
        half.flatMap((key, i) => [key, `value\r\n${i}`]),
      );
      await same('MGET', keys);
      await same('EXISTS', keys, keys[0]);
      await same('TOUCH', keys);
      if (count > 1000 && variant !== USUAL) return;
      await same('DEL', keys.slice(0, Math.ceil(count / 2)));
      await same('MGET', keys.toReversed(), keys[0]);
      await same('UNLINK', keys, keys[0]);
      await same('MGET', keys);
      await same('EXISTS', keys);
    });
  }

  test('values of a megabyte each', async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `large:${i}`);
    for (const [i, key] of keys.entries()) await same('SET', key, Buffer.alloc(1 << 20, i));
    await same('MGET', keys, 'none', keys.slice(0, 3));
    await same(
      'MSET',
      keys.slice(0, 3).flatMap((key, i) => [key, Buffer.alloc(1e6, 65 + i)]),
    );
    await same('MGET', keys);
    await same('DEL', keys);
  });

  test('in a pipeline, order is kept', async () => {
    const requests: Word[][] = [];
    for (let i = 0; i < 300; i++) {
      requests.push(['MSET', `p${i}`, i, `q${i}`, i, `r${i}`, i]);
      requests.push(['GET', `q${i}`]);
      requests.push(['MGET', `r${i}`, `p${i - 1}`, `none`, `q${i}`]);
      requests.push(['DEL', `p${i - 1}`, `q${i - 1}`, `none`]);
    }
    assert.deepEqual(await client.pipeline(requests), await direct.pipeline(requests));
  });

  test("a key of the wrong type: one Redis's words", async () => {
    await same('DEL', 'list');
    await same('LPUSH', 'list', 'x');
    await same('MGET', 'list', 'a', 'b', 'c');
    await same('MSET', 'list', '1', 'a', '2');
    await same('MGET', 'list', 'a', 'b', 'c');
  });
}

/** Any number of words: too many for the arguments of a call. */
function encodeMany(words: readonly Word[]): Buffer {
  const bodies = words.map((word) => encodeRequest(word).subarray('*1\r\n'.length));
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`) as Uint8Array].concat(bodies));
}
