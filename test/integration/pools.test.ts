import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { send, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { ReplyError, RespClient } from '../support/resp-client.ts';
import {
  type PoolSpec,
  shards,
  startInProcess,
  type TestRingway,
  USUAL,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

for (const variant of VARIANTS) describe(`pools, ${variant.label}`, () => suite(variant));

/** Whether ::1 can be listened on here. */
function hasIpv6(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}

function suite(variant: Variant): void {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-pools-'));
  const unixServer = join(folder, 'redis.sock');
  let servers: RealServer[] = [];
  let secret: RealServer;

  before(async () => {
    const onSocket = await startRedis({ args: ['--unixsocket', unixServer] });
    servers = [onSocket, ...(await startRedisSet(2))];
    secret = await startRedis({ args: ['--requirepass', 'p w'] });
  });
  after(async () => {
    await Promise.all([secret, ...servers].map((server) => server?.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = () => shards(servers.map(({ port }) => port));

  /** Runs `body` against a ringway with these pools. */
  const withPools = async (
    pools: PoolSpec[],
    body: (ringway: TestRingway) => Promise<void>,
  ): Promise<void> => {
    const ringway = await startInProcess(pools, variant);
    try {
      await body(ringway);
    } finally {
      await ringway.stop();
    }
  };

  const setAndGet = async (client: RespClient, count = 50): Promise<void> => {
    const keys = Array.from({ length: count }, (_, i) => `key${i}`);
    for (const key of keys) assert.equal(await client.command('SET', key, `of ${key}`), 'OK');
    for (const key of keys) assert.equal(String(await client.command('GET', key)), `of ${key}`);
  };

  test('several pools in one file, each with its own servers', async () => {
    const one = (i: number) => [`127.0.0.1:${servers[i].port}:1 s`];
    const pools = [0, 1, 2].map((i) => ({ name: `p${i}`, servers: one(i) }));
    await withPools(pools, async ({ ports }) => {
      for (const [i, port] of ports.entries()) {
        const client = await RespClient.open(port);
        assert.equal(await client.command('SET', 'who', i), 'OK');
        client.close();
      }
      for (const [i, { port }] of servers.entries()) {
        const direct = await RespClient.open(port);
        assert.equal(String(await direct.command('GET', 'who')), String(i));
        direct.close();
      }
    });
  });

  test('a unix socket listener with a mode, and a server on a unix socket', async () => {
    const path = join(folder, 'listen.sock');
    const pool = { listen: `${path} 0600`, servers: [`${unixServer}:1 local`] };
    await withPools([pool], async () => {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const client = await RespClient.open({ path });
      await setAndGet(client);
      client.close();
    });
  });

  test('an IPv6 listener', async (t) => {
    if (!(await hasIpv6())) return t.skip('no IPv6 here');
    const port = await freePort();
    await withPools([{ listen: `::1:${port}`, servers: lines() }], async () => {
      const client = await RespClient.open({ port, host: '::1' });
      await setAndGet(client);
      client.close();
    });
  });

  test('server_connections: 4, opened as clients come, each client in order', async () => {
    await withPools([{ servers: lines(), server_connections: 4 }], async (ringway) => {
      const clients = await Promise.all(
        Array.from({ length: 12 }, () => RespClient.open(ringway.port)),
      );
      await Promise.all(
        clients.map(async (client, c) => {
          const requests = Array.from({ length: 200 }, () => ['INCR', `counter${c}`]);
          const replies = await client.pipeline(requests);
          assert.deepEqual(
            replies,
            requests.map((_, i) => i + 1),
          );
        }),
      );
      const { ringway: running } = ringway as Awaited<ReturnType<typeof startInProcess>>;
      const { pool1 } = JSON.parse(running.stats());
      assert.equal(pool1.shard1.server_connections, 4);
      await Promise.all(clients.map((client) => client.command('DEL', 'counter')));
      for (const client of clients) client.close();
    });
  });

  test('preconnect opens a connection to every server at start, and only then', async () => {
    const fake = await startFake(() => undefined);
    const server = [`127.0.0.1:${fake.port}:1 f`];
    await withPools([{ servers: server }], async () => {
      await delay(50);
      assert.equal(fake.connections, 0);
    });
    await withPools([{ servers: server, preconnect: true }], () =>
      waitFor('the connection', () => fake.connections === 1).then(() => {}),
    );
    await fake.stop();
  });

  test('redis_auth with preconnect logs in before any request', async () => {
    const fake = await startFake(() => send('+OK\r\n'));
    const pool = { servers: [`127.0.0.1:${fake.port}:1 f`], redis_auth: 'pw', preconnect: true };
    await withPools([pool], async () => {
      await waitFor('the login', () => fake.received.length > 0);
      assert.equal(String(fake.received[0]), '*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n');
    });
    await fake.stop();
  });

  test('redis_db of a server on a unix socket is selected', async () => {
    await withPools([{ servers: [`${unixServer}:1 local`], redis_db: 5 }], async ({ port }) => {
      const client = await RespClient.open(port);
      assert.equal(await client.command('SET', 'in5', '1'), 'OK');
      client.close();
    });
    const direct = await RespClient.open({ path: unixServer });
    assert.equal(await direct.command('EXISTS', 'in5'), 0);
    await direct.text('SELECT', '5');
    assert.equal(String(await direct.command('GET', 'in5')), '1');
    direct.close();
  });

  test('redis_auth and redis_db together', async () => {
    const server = [`127.0.0.1:${secret.port}:1 s`];
    await withPools([{ servers: server, redis_auth: 'p w', redis_db: 5 }], async ({ port }) => {
      const client = await RespClient.open(port);
      assert.match(String(await client.command('SET', 'a', '1')), /NOAUTH/);
      assert.match(String(await client.command('AUTH', 'wrong')), /ERR invalid password/);
      assert.equal(await client.command('AUTH', 'p w'), 'OK');
      assert.equal(await client.command('SET', 'a', '1'), 'OK');
      client.close();
    });
    const direct = await RespClient.open(secret.port);
    await direct.text('AUTH', 'p w');
    assert.equal(await direct.command('EXISTS', 'a'), 0);
    await direct.text('SELECT', '5');
    assert.equal(String(await direct.command('GET', 'a')), '1');
    direct.close();
  });

  test('client_connections: one too many hears why; a place that is free is taken', async () => {
    await withPools([{ servers: lines(), client_connections: 2 }], async ({ port }) => {
      const first = await RespClient.open(port);
      const second = await RespClient.open(port);
      await Promise.all([first, second].map((client) => client.command('PING')));
      const third = await RespClient.open(port);
      assert.equal(String(await third.readToEnd()), '-ERR max number of clients reached\r\n');
      first.close();
      await waitFor('a free place', async () => {
        const fourth = await RespClient.open(port);
        const reply = await fourth.command('PING');
        fourth.close();
        return reply === 'PONG';
      });
      assert.equal(await second.command('PING'), 'PONG');
      second.close();
    });
  });

  test('timeout: the late request fails, its server is asked anew, others are served', async () => {
    const fake = await startFake((_i, request) =>
      request.includes('fast') ? { do: 'send', bytes: Buffer.from('+f\r\n') } : { do: 'silence' },
    );
    const pool = { servers: [`127.0.0.1:${fake.port}:1 f`], timeout: 150 };
    await withPools([pool], async ({ port }) => {
      const client = await RespClient.open(port);
      assert.equal(await client.command('GET', 'fast'), 'f');
      const reply = await client.command('GET', 'slow');
      assert.ok(reply instanceof ReplyError);
      assert.equal(reply.message, 'ERR Connection timed out');
      assert.equal(await client.command('GET', 'fast'), 'f');
      // Replies in time never add up to a timeout.
      for (let i = 0; i < 10; i++) {
        await delay(30);
        assert.equal(await client.command('GET', 'fast'), 'f');
      }
      client.close();
    });
    await fake.stop();
  });

  if (variant !== USUAL) return;

  for (const [distribution, hash] of [
    ['modula', 'crc32'],
    ['random', 'md5'],
    ['ketama', 'murmur'],
  ]) {
    test(`distribution ${distribution}, hash ${hash}, with a hash tag`, async () => {
      const pool = { servers: lines(), distribution, hash, hash_tag: '{}' };
      await withPools([pool], async ({ port }) => {
        const client = await RespClient.open(port);
        if (distribution === 'random') {
          for (let i = 0; i < 50; i++) assert.equal(await client.command('SET', `r${i}`, i), 'OK');
          // Each key of a command goes somewhere, once.
          const keys = Array.from({ length: 40 }, (_, i) => `random${i}`);
          for (let round = 0; round < 20; round++) {
            const pairs = keys.flatMap((key) => [key, `of ${key}`]);
            assert.equal(await client.command('MSET', ...pairs), 'OK');
            const values = (await client.command('MGET', ...keys)) as (Buffer | null)[];
            assert.equal(values.length, keys.length);
            for (const [i, value] of values.entries()) {
              if (value !== null) assert.equal(String(value), `of ${keys[i]}`);
            }
          }
          assert.equal(await client.command('PING'), 'PONG');
        } else {
          await setAndGet(client);
          assert.equal(await client.command('SADD', '{t}1', 'a', 'b'), 2);
          assert.equal(await client.command('SUNIONSTORE', '{t}3', '{t}1', '{t}2'), 2);
          await client.command('DEL', '{t}1', '{t}3');
        }
        client.close();
      });
    });
  }
}
