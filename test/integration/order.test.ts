import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

for (const variant of VARIANTS) {
  describe(`order with slow and fast servers, ${variant.label}`, () => slowServers(variant));
  describe(`clients that leave, ${variant.label}`, () => leavers(variant));
}

/** Second word of a request: the key. */
function keyOf(request: Buffer): string {
  return request.toString('latin1').split('\r\n')[4];
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function slowServers(variant: Variant): void {
  let fakes: FakeServer[] = [];
  let ringway: TestRingway;

  before(async () => {
    // Each reply names its key; every server has its own pace, the first one stumbles.
    fakes = await Promise.all(
      [0, 1, 2].map((n) =>
        startFake((i, request) => {
          const pause = n === 0 && i % 50 === 0 ? 30 : n === 1 && i % 20 === 0 ? 5 : 0;
          const size = i % 97 === 0 ? 40_000 : 1;
          return send(bulk(`${keyOf(request)}!`.repeat(size)), pause);
        }),
      ),
    );
    const lines = shards(fakes.map(({ port }) => port));
    ringway = await startInProcess({ servers: lines, hash: 'md5' }, variant);
  });
  after(async () => {
    await ringway?.stop();
    await Promise.all(fakes.map((fake) => fake.stop()));
  });

  test('no reply is lost, doubled or crossed among 40 pipelining clients', async () => {
    const work = Array.from({ length: 40 }, async (_, c) => {
      const client = await RespClient.open(ringway.port);
      for (let round = 0; round < 5; round++) {
        const keys = Array.from({ length: 30 }, (_, i) => `c${c}r${round}i${i}`);
        await client.send(Buffer.concat(keys.map((key) => encodeRequest('GET', key))));
        const replies = await client.read(keys.length);
        for (const [i, key] of keys.entries()) {
          assert.match(String(replies[i]), new RegExp(`^(${key}!)+$`), `reply ${i} of client ${c}`);
        }
      }
      assert.equal(client.unread.length, 0);
      client.close();
    });
    await Promise.all(work);
    const sum = fakes.reduce((total, fake) => total + fake.received.length, 0);
    assert.equal(sum, 40 * 5 * 30);
    for (const fake of fakes) assert.ok(fake.received.length > 500, 'every server takes part');
  });

  test('replies do not wait for a slow one behind them that was asked for with them', async () => {
    let isHeld = false;
    let answer = (): void => {};
    const slow = await startFake((_, request, socket) => {
      if (!isHeld) return send(bulk(keyOf(request)));
      answer = () => void socket.write(bulk(keyOf(request)));
      return undefined;
    });
    const fast = await startFake((_, request) => send(bulk(keyOf(request))));
    const lines = shards([slow.port, fast.port]);
    const pair = await startInProcess({ servers: lines, hash: 'md5' }, variant);
    const client = await RespClient.open(pair.port);
    const keys = Array.from({ length: 40 }, (_, i) => `key${i}`);
    await client.send(Buffer.concat(keys.map((key) => encodeRequest('GET', key))));
    await client.read(keys.length);
    isHeld = true;
    const before = slow.received.length;
    const slowKeys = new Set(slow.received.map(keyOf));
    const quick = keys.filter((key) => !slowKeys.has(key)).slice(0, 5);
    const [late] = slowKeys;
    await client.send(Buffer.concat([...quick, late].map((key) => encodeRequest('GET', key))));
    // Until these are here the late one is not even answered.
    assert.deepEqual((await client.read(quick.length)).map(String), quick);
    await waitFor('the late request', () =>
      slow.received.some((each, i) => i >= before && keyOf(each) === late),
    );
    answer();
    assert.equal(String((await client.read(1))[0]), late);
    client.close();
    await pair.stop();
    await Promise.all([slow.stop(), fast.stop()]);
  });
}

function leavers(variant: Variant): void {
  let servers: RealServer[] = [];
  let ringway: TestRingway;

  before(async () => {
    servers = await startRedisSet(3);
    const lines = shards(servers.map(({ port }) => port));
    ringway = await startInProcess({ servers: lines, hash: 'md5' }, variant);
    const client = await RespClient.open(ringway.port);
    for (let i = 0; i < 100; i++) await client.text('SET', `k${i}`, `v${i}`);
    client.close();
  });
  after(async () => {
    await ringway?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const gets = Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => encodeRequest('GET', `k${i % 100}`)),
  );

  test('a client that leaves in the middle of a pipeline disturbs nobody', async () => {
    const stayer = await RespClient.open(ringway.port);
    for (let round = 0; round < 20; round++) {
      const leaver = await RespClient.open(ringway.port);
      leaver.socket.on('error', () => {});
      void leaver.send(gets.subarray(0, gets.length - round * 7)).catch(() => {});
      if (round % 2 === 0) await delay(1);
      if (round % 3 === 0) leaver.socket.resetAndDestroy();
      else leaver.close();
      await stayer.send(gets);
      const replies = await stayer.read(1000);
      for (const [i, reply] of replies.entries()) assert.equal(String(reply), `v${i % 100}`);
    }
    assert.equal(stayer.unread.length, 0);
    stayer.close();
  });

  test('a client that half-closes gets all replies, then the end', async () => {
    const client = await RespClient.open(ringway.port);
    await client.send(Buffer.concat([gets, encodeRequest('GET', 'k0').subarray(0, 9)]));
    client.halfClose();
    const replies = await client.read(1000);
    for (const [i, reply] of replies.entries()) assert.equal(String(reply), `v${i % 100}`);
    assert.equal((await client.readToEnd()).length, 0);
    client.close();
  });

  test('QUIT: the replies owed, then the end', async () => {
    const client = await RespClient.open(ringway.port);
    await client.send(Buffer.concat([gets, encodeRequest('QUIT'), gets]));
    await client.read(1000);
    assert.equal((await client.readToEnd()).toString(), '+OK\r\n');
    client.close();
  });

  test('large replies from several servers, many times client_output_limit, in order', async () => {
    const lines = shards(servers.map(({ port }) => port));
    const pool = { servers: lines, hash: 'md5', client_output_limit: 65_536 };
    const tight = await startInProcess(pool, variant);
    const client = await RespClient.open(tight.port);
    const values = Array.from({ length: 30 }, (_, i) => Buffer.alloc(100_000, 60 + i));
    for (const [i, value] of values.entries()) await client.text('SET', `large${i}`, value);
    const requests = Array.from({ length: 150 }, (_, i) => ['GET', `large${i % 30}`]);
    for (const [i, reply] of (await client.pipeline(requests)).entries()) {
      assert.ok(values[i % 30].equals(reply as Buffer), `reply ${i}`);
    }
    client.close();
    await tight.stop();
  });

  test('what clients leave behind is given back', async () => {
    const { ringway: running } = ringway as TestRingway & { ringway: { stats(): string } };
    await waitFor('all clients to be gone', () => {
      const stats = JSON.parse(running.stats());
      return stats.pool1.client_connections === 0;
    });
  });
}
