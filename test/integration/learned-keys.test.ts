import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { type Reply, type ReplyError, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess } from '../support/ringway.ts';

// Keys of commands that the configuration or a server describes, and what is said of keys apart.

function messageOf(reply: Reply): string {
  return (reply as ReplyError).message;
}

async function through(
  ports: readonly number[],
  keys: Readonly<Record<string, string>>,
  use: (client: RespClient) => Promise<void>,
): Promise<void> {
  const ringway = await startInProcess({ servers: shards(ports), hash: 'md5', ...keys });
  const client = await RespClient.open(ringway.port);
  try {
    await use(client);
  } finally {
    client.close();
    await ringway.stop();
  }
}

/** A server with commands whose places of keys are those given; it says what it is asked. */
function describing(places: string): Promise<FakeServer> {
  return startFake((_, request) => {
    const words = request
      .toString('latin1')
      .split('\r\n')
      .filter((_word, i) => i > 0 && i % 2 === 0);
    if (words[0] !== 'COMMAND') return send(`+did ${words.join(' ')}\r\n`);
    return send(`*1\r\n*6\r\n$3\r\nnew\r\n:-1\r\n*1\r\n+write\r\n${places}`);
  });
}

describe('keys of commands that a server describes', () => {
  test('a key that the arity does not promise may be missing', async () => {
    const server = await describing(':1\r\n:1\r\n:1\r\n');
    await through([server.port], { unknown_commands: 'ask' }, async (client) => {
      for (let i = 0; i < 2; i++) {
        assert.equal(await client.text('NEW'), 'did NEW');
        assert.equal(await client.text('NEW', 'k'), 'did NEW k');
      }
      assert.equal(await client.text('OTHER'), 'did OTHER');
    });
    await server.stop();
  });

  for (const places of [':1\r\n:2\r\n:0\r\n', ':1\r\n:-1\r\n:-1\r\n', ':-1\r\n:-1\r\n:1\r\n']) {
    test(`places of keys that cannot be: ${JSON.stringify(places)}`, async () => {
      const server = await describing(places);
      await through([server.port], { unknown_commands: 'ask' }, async (client) => {
        for (let i = 0; i < 2; i++) {
          assert.equal(messageOf(await client.command('NEW', 'a', 'b')), 'ERR Invalid argument');
        }
        assert.equal(await client.text('SET', 'k', 'v'), 'did SET k v');
      });
      await server.stop();
    });
  }
});

describe('keys of renamed commands on four servers', () => {
  const RENAMED = ['SORT', 'ZUNION', 'MGET', 'XREAD'];
  const args = RENAMED.flatMap((name) => ['--rename-command', name, `X.${name}`]);
  let servers: RealServer[];
  let ports: number[];

  before(async () => {
    servers = await startRedisSet(4, { args });
    ports = servers.map(({ port }) => port);
  });
  after(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()));
  });

  /** Names that live where `name` does, and one that does not. */
  async function neighbours(client: RespClient, name: string): Promise<[string[], string]> {
    const near: string[] = [];
    let far = '';
    for (let i = 0; i < 60; i++) {
      const apart = String(await client.command('SINTER', name, `n${i}`)).includes('CROSSSERVER');
      if (apart) far = `n${i}`;
      else near.push(`n${i}`);
    }
    assert.ok(near.length > 2 && far !== '');
    return [near, far];
  }

  test('SORT under another name goes by the grammar of SORT', async () => {
    await through(ports, { unknown_commands: 'ask' }, async (client) => {
      const [near, far] = await neighbours(client, 'STORE');
      await client.text('RPUSH', near[0], '3', '1', '2');
      for (let i = 0; i < 2; i++) {
        assert.equal(await client.text('X.SORT', near[0], 'STORE', 'STORE', 'ASC'), 3);
        assert.deepEqual(await client.text('LRANGE', 'STORE', '0', '-1'), ['1', '2', '3']);
        assert.equal(await client.text('X.SORT', near[0], 'BY', 'STORE', 'STORE', near[1]), 3);
        const apart = await client.command('X.SORT', near[0], 'STORE', far, 'ASC');
        assert.match(messageOf(apart), new RegExp(`^CROSSSERVER keys '${near[0]}' .* '${far}'`));
      }
    });
  });

  test('XREAD under another name: its keys are found, and it does not block', async () => {
    await through(ports, { unknown_commands: 'ask' }, async (client) => {
      const entry = [['STREAMS', [['1-1', ['f', 'v']]]]];
      await client.text('XADD', 'STREAMS', '1-1', 'f', 'v');
      for (let i = 0; i < 2; i++) {
        const blocks = 'X.XREAD COUNT 1 BLOCK 0 STREAMS STREAMS $'.split(' ');
        const refused = /^ERR 'x.xread ... block' is not supported by ringway: /;
        assert.match(messageOf(await client.command(...blocks)), refused);
        assert.deepEqual(await client.text('X.XREAD', 'STREAMS', 'STREAMS', '0'), entry);
      }
    });
  });

  test('custom commands: a number of keys, and words that look like others', async () => {
    const keys = { custom_commands: 'X.ZUNION numkeys 1, X.MGET 1 -1' };
    await through(ports, keys, async (client) => {
      const [near, far] = await neighbours(client, 'WEIGHTS');
      await client.text('ZADD', 'WEIGHTS', '1', 'm');
      const union = ['X.ZUNION', '2', 'WEIGHTS', near[0], 'WEIGHTS', '2', '2', 'WITHSCORES'];
      assert.deepEqual(await client.text(...union), ['m', '2']);
      const apart = await client.command('X.ZUNION', '2', 'WEIGHTS', far, 'WEIGHTS', '2', '2');
      assert.match(messageOf(apart), new RegExp(`^CROSSSERVER keys 'WEIGHTS' .* '${far}'`));
      const bad = messageOf(await client.command('X.ZUNION', '02', 'WEIGHTS', near[0]));
      assert.equal(bad, 'ERR value is not an integer or out of range');
      await client.text('SET', near[0], 'value');
      assert.deepEqual(await client.text('X.MGET', near[0], near[1]), ['value', null]);
      assert.match(messageOf(await client.command('X.MGET', near[0], far)), /^CROSSSERVER /);
    });
  });

  test('keys apart: the error says what keeps them together in this pool', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `far:${i}`);
    const requests = [
      ['SINTER', ...many],
      ['X.MGET', ...many],
    ];
    const where =
      /^CROSSSERVER keys 'far:0' \(shard\d\) and 'far:\d+' \(shard\d\) live on different/;
    const untagged =
      /servers; set hash_tag in the configuration of the pool and give them a common tag$/;
    const cures: [Record<string, string>, RegExp][] = [
      [{}, untagged],
      [{ hash_tag: '{}' }, /servers; give them a common hash tag$/],
    ];
    for (const [keys, cure] of cures) {
      await through(ports, { ...keys, unknown_commands: 'ask' }, async (client) => {
        for (const words of requests) {
          const message = messageOf(await client.command(...words));
          assert.match(message, where);
          assert.match(message, cure);
        }
      });
    }
  });
});
