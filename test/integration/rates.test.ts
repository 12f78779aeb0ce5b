import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { readToEnd } from '../support/to-end.ts';

// How much clients may ask for in a second. What is slowed down is seen by what comes before it, and
// never by a clock: the buckets themselves have tests of their own.

let redis: RealServer;
const started: TestRingway[] = [];

before(async () => {
  redis = await startRedis();
});
after(async () => {
  await Promise.all(started.map((ringway) => ringway.stop()));
  await redis.stop();
});

async function run(keys: Record<string, unknown>): Promise<TestRingway> {
  const servers = [`127.0.0.1:${redis.port}:1 s1`];
  const ringway = await startInProcess({ servers, ...keys });
  started.push(ringway);
  return ringway;
}

const text = (reply: unknown): string => String(reply);
const LIMITED = /^ReplyError: ERR rate limit reached/;

describe('a client that asks for more than it may', () => {
  test('waits, and gets every reply in order', async () => {
    const { port } = await run({ client_requests_per_second: 400 });
    const [fast, other] = await Promise.all([RespClient.open(port), RespClient.open(port)]);
    const requests = Array.from({ length: 700 }, (_, i) => ['ECHO', String(i)]);
    let done = false;
    const all = fast.pipeline(requests).then((replies) => {
      done = true;
      return replies;
    });
    // It has used up its own share by now, and nobody else's.
    await fast.command('PING');
    assert.equal(done, true);
    assert.equal(await other.command('PING'), 'PONG');
    assert.deepEqual(
      (await all).map(text),
      requests.map(([, word]) => word),
    );
    fast.close();
    other.close();
  });

  test('waits no longer than others of its pool, with bytes and large requests', async () => {
    const { port } = await run({ client_bytes_per_second: 3_000_000 });
    const client = await RespClient.open(port);
    const large = Buffer.alloc(5_000_000, 'y');
    assert.equal(await client.command('SET', 'large', large), 'OK');
    assert.equal(await client.command('STRLEN', 'large'), large.length);
    client.close();
  });

  test('gets errors where the file says so, each in its place', async () => {
    const { port } = await run({ client_requests_per_second: 50, rate_action: 'error' });
    const client = await RespClient.open(port);
    const requests = Array.from({ length: 2000 }, (_, i) => ['ECHO', String(i)]);
    const replies = (await client.pipeline(requests)).map(text);
    const good = replies.filter((reply, i) => reply === String(i));
    const late = replies.filter((reply) => LIMITED.test(reply));
    assert.ok(good.length >= 50 && late.length > 0, `${good.length} good, ${late.length} late`);
    assert.equal(good.length + late.length, requests.length);
    assert.equal(replies[49], '49');
    client.close();
  });

  test('is let go with QUIT all the same', async () => {
    const { port } = await run({ client_requests_per_second: 1, rate_action: 'error' });
    const pings = Array.from({ length: 5 }, () => encodeRequest('PING'));
    const got = await readToEnd(port, [Buffer.concat([...pings, encodeRequest('QUIT')])]);
    assert.match(got, /^\+PONG\r\n(-ERR rate limit reached, try again later\r\n){4}\+OK\r\n$/);
  });

  test('loses its transaction with a request of it that is too much', async () => {
    const { port } = await run({ client_requests_per_second: 2, rate_action: 'error' });
    const client = await RespClient.open(port);
    const replies = await client.pipeline([['MULTI'], ['SET', 'm', '1'], ['SET', 'm', '2']]);
    assert.deepEqual(replies.slice(0, 2).map(text), ['OK', 'QUEUED']);
    assert.match(text(replies[2]), LIMITED);
    const other = await RespClient.open(port);
    const after = await other.pipeline([['MULTI'], ['SET', 'm', '3'], ['EXEC']]);
    assert.match(text(after[2]), /EXECABORT.*rate limit/);
    assert.equal(text(await direct('GET', 'm')), 'null');
    client.close();
    other.close();
  });
});

async function direct(...words: string[]): Promise<unknown> {
  const client = await RespClient.open(redis.port);
  const reply = await client.command(...words);
  client.close();
  return reply;
}

test('the clients of a user share its rate, those of another do not', async () => {
  const users = ['default off', 'a on >pw ~* &* +@all', 'b on >pw ~* &* +@all'];
  const keys = { users, user_requests_per_second: 40, rate_action: 'error' };
  const { port } = await run(keys);
  const [first, second, other] = await Promise.all([1, 2, 3].map(() => RespClient.open(port)));
  for (const [client, name] of [
    [first, 'a'],
    [second, 'a'],
    [other, 'b'],
  ] as const) {
    assert.equal(await client.command('AUTH', name, 'pw'), 'OK');
  }
  const pings = Array.from({ length: 400 }, () => ['PING']);
  assert.match(text((await first.pipeline(pings)).at(-1)), LIMITED);
  assert.match(text((await second.pipeline(pings)).at(-1)), LIMITED);
  assert.equal(await other.command('PING'), 'PONG');
  for (const client of [first, second, other]) client.close();
});

test('logging in again gives nobody a new share', async () => {
  const users = ['default on nopass ~* &* +@all', 'a on >pw ~* &* +@all'];
  const { port } = await run({ users, client_requests_per_second: 20, rate_action: 'error' });
  const client = await RespClient.open(port);
  const requests = Array.from({ length: 200 }, () => ['AUTH', 'a', 'pw']);
  const replies = (await client.pipeline(requests)).map(text);
  assert.match(replies.at(-1) ?? '', LIMITED);
  client.close();
});

test('clients of memcached wait', async () => {
  const memcached = await startMemcached();
  try {
    const servers = [`127.0.0.1:${memcached.port}:1 s1`];
    const ringway = await startInProcess({
      servers,
      redis: false,
      client_requests_per_second: 200,
    });
    started.push(ringway);
    const client = await RespClient.open(ringway.port);
    client.socket.write('mn\r\n'.repeat(350));
    let got = '';
    await new Promise<void>((resolve, reject) => {
      client.socket.on('data', (bytes) => {
        got += bytes.toString('latin1');
        if (got.length >= 350 * 4) resolve();
      });
      client.socket.on('error', reject);
    });
    assert.equal(got, 'MN\r\n'.repeat(350));
    client.close();
  } finally {
    await memcached.stop();
  }
});
