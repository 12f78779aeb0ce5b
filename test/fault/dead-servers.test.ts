import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '../../src/stats/http/status.ts';
import { send, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

// What operators see of a server that is not there.

interface Watched {
  readonly ringway: ChildRingway;
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  status(): Promise<Status>;
  /** Of shard1 of the first pool. */
  metric(name: string): Promise<number>;
  /** Lines of the log that hold these words. */
  lines(words: string): string[];
}

async function watched(pool: object, ports: readonly number[]): Promise<Watched> {
  const http = await freePort();
  const args = [`--http-addr=${http}`];
  const ringway = await startChild({ servers: shards(ports), ...pool }, { args });
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${http}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  return {
    ringway,
    get,
    status: async () => JSON.parse((await get('/status.json')).text),
    metric: async (name) => {
      const { text } = await get('/metrics');
      const start = `${name}{pool="pool1",server="shard1"} `;
      const line = text.split('\n').find((each) => each.startsWith(start));
      return Number(line?.slice(start.length));
    },
    lines: (words) => ringway.log.filter((line) => line.includes(words)),
  };
}

describe('a dead server without auto_eject_hosts', () => {
  test('is not reachable: gauge, status, breaker, failed requests; a line when it is back', async () => {
    const port = await freePort();
    const seen = await watched({ breaker_failures: 2, breaker_max_wait: 400 }, [port]);
    const client = await RespClient.open(seen.ringway.port);
    try {
      assert.equal(await seen.metric('ringway_server_reachable'), 1, 'nothing is known yet');
      assert.equal((await seen.get('/readyz')).status, 200);
      for (let i = 0; i < 50; i++) {
        assert.match(String(await client.command('GET', 'a')), /Connection refused/);
      }
      assert.equal(await seen.metric('ringway_server_reachable'), 0);
      assert.equal(await seen.metric('ringway_server_live'), 1, 'the ring is as it was');
      assert.equal(await seen.metric('ringway_server_breaker_open'), 1);
      assert.equal(await seen.metric('ringway_server_failed_requests_total'), 50);
      const [server] = (await seen.status()).pools[0].servers;
      assert.equal(server.reachable, false);
      assert.equal(server.breakerOpen, true);
      assert.equal(server.failedRequests, 50);
      assert.equal(seen.lines('shard1').filter((line) => /failed: Conn/.test(line)).length, 1);
      await waitFor('/readyz', async () => (await seen.get('/readyz')).status === 503);
      assert.equal((await seen.get('/readyz')).text, 'no server is reachable\n');
      assert.equal((await seen.get('/healthz')).status, 200);
      // No client asks: it is looked for all the same.
      const redis = await startRedis({ port });
      try {
        await waitFor('the line', () => seen.lines('is reachable again').length === 1);
        assert.match(seen.lines('is reachable again')[0], /after [\d.]+ s; 50 requests failed/);
        assert.equal(await seen.metric('ringway_server_reachable'), 1);
        assert.equal(await seen.metric('ringway_server_breaker_open'), 0);
        await waitFor('/readyz', async () => (await seen.get('/readyz')).status === 200);
        assert.equal(await client.command('SET', 'a', 'b'), 'OK');
      } finally {
        await redis.stop();
      }
    } finally {
      client.close();
      await seen.ringway.stop();
    }
  });

  test('one that is dead beside one that is not: the proxy is ready', async () => {
    const redis = await startRedis();
    const seen = await watched({}, [redis.port, await freePort()]);
    const client = await RespClient.open(seen.ringway.port);
    try {
      for (let i = 0; i < 20; i++) await client.command('GET', `key${i}`);
      await waitFor('shard2 to be missed', async () => {
        return (await seen.status()).pools[0].servers.some(({ reachable }) => !reachable);
      });
      await delay(1100);
      assert.equal((await seen.get('/readyz')).text, 'ready\n');
    } finally {
      client.close();
      await seen.ringway.stop();
      await redis.stop();
    }
  });

  test('one that hangs is not reachable until it answers, though it takes connections', async () => {
    let well = false;
    const fake = await startFake(() => (well ? send('+PONG\r\n') : { do: 'silence' }));
    const seen = await watched({ timeout: 100 }, [fake.port]);
    const client = await RespClient.open(seen.ringway.port);
    try {
      assert.match(String(await client.command('GET', 'a')), /timed out/);
      await delay(1300);
      assert.equal(await seen.metric('ringway_server_reachable'), 0);
      well = true;
      await waitFor('it', async () => (await seen.metric('ringway_server_reachable')) === 1);
    } finally {
      client.close();
      await seen.ringway.stop();
      await fake.stop();
    }
  });

  test('a name that does not resolve: clients are told as by nutcracker, the log says why', async () => {
    const ringway = await startChild({ servers: ['nobody.invalid:6379:1 one'] });
    const client = await RespClient.open(ringway.port);
    try {
      assert.equal(String(await client.command('GET', 'a')), 'ReplyError: ERR Host is down');
      const line = ringway.log.find((each) => each.includes('failed: '));
      const why =
        /failed: Host is down: the name "nobody.invalid" does not resolve \(E[A-Z_]+\); 1 /;
      assert.match(line ?? '', why);
    } finally {
      client.close();
      await ringway.stop();
    }
  });

  test('a connection that a server closes is told in words, and is no dead server', async () => {
    const fake = await startFake((_, request) => {
      return /get/i.test(request.toString('latin1'))
        ? { do: 'send-and-end', bytes: Buffer.alloc(0) }
        : send('+OK\r\n');
    });
    const seen = await watched({}, [fake.port]);
    const client = await RespClient.open(seen.ringway.port);
    try {
      assert.match(String(await client.command('GET', 'a')), /unknown/, 'as nutcracker');
      const [line] = seen.lines('shard1');
      assert.match(line, /closed the connection; 1 request got an error/);
      assert.equal(seen.lines('unknown').length, 0);
      assert.equal(await seen.metric('ringway_server_reachable'), 1);
      assert.equal(await seen.metric('ringway_server_failed_requests_total'), 1);
      assert.equal(await client.command('SET', 'a', 'b'), 'OK');
    } finally {
      client.close();
      await seen.ringway.stop();
      await fake.stop();
    }
  });
});

describe('a dead server with auto_eject_hosts', () => {
  for (const probe of [false, true]) {
    test(`one line when it goes, one when it returns, server_probe ${probe}`, async () => {
      const port = await freePort();
      const redis = await startRedis();
      const pool = { auto_eject_hosts: true, server_failure_limit: 1, server_retry_timeout: 50 };
      const seen = await watched({ ...pool, server_probe: probe }, [port, redis.port]);
      const client = await RespClient.open(seen.ringway.port);
      try {
        for (let i = 0; i < 120; i++) {
          await client.command('GET', `key${i}`);
          await delay(10);
        }
        assert.ok((await seen.status()).pools[0].ejects >= 1);
        const about = seen.lines('shard1');
        assert.equal(about.length, 1, about.join('\n'));
        assert.match(about[0], /is ejected .*: Connection refused; 1 of 2 are live/);
        const back = await startRedis({ port });
        try {
          await waitFor('its return', async () => {
            await client.command('GET', `key${Math.random()}`);
            return seen.lines('is back in the ring').length === 1;
          });
          assert.equal(seen.lines('shard1').length, 2, seen.lines('shard1').join('\n'));
          assert.match(seen.lines('back in the ring')[0], /after [\d.]+ s/);
        } finally {
          await back.stop();
        }
      } finally {
        client.close();
        await seen.ringway.stop();
        await redis.stop();
      }
    });
  }
});

test('commands of all servers leave out an ejected one, and do not prolong its absence', async () => {
  const servers = await startRedisSet(3);
  const pool = { auto_eject_hosts: true, server_failure_limit: 1, server_retry_timeout: 30_000 };
  const seen = await watched(
    pool,
    servers.map(({ port }) => port),
  );
  const client = await RespClient.open(seen.ringway.port);
  const keys = Array.from({ length: 60 }, (_, i) => `key:${i * 7919}`);
  try {
    for (const key of keys) await client.command('SET', key, 'v');
    assert.equal(await client.command('DBSIZE'), keys.length);
    await servers[2].stop();
    await waitFor('the ejection', async () => {
      for (const key of keys) await client.command('GET', key);
      return (await seen.status()).pools[0].ejects === 1;
    });
    const left = Number(await client.command('DBSIZE'));
    assert.ok(left > 0 && left < keys.length);
    assert.equal(((await client.command('KEYS', '*')) as unknown[]).length, left);
    assert.deepEqual(await client.command('SCRIPT', 'EXISTS', 'aa'), [0]);
    assert.deepEqual(await client.command('FUNCTION', 'LIST'), []);
    assert.match(String(await client.command('RANDOMKEY')), /^key:/);
    assert.equal(await client.command('WAIT', '0', '10'), 0);
    assert.equal(await client.command('SELECT', '1'), 'OK');
    assert.equal(await client.command('SELECT', '0'), 'OK');
    let cursor = '0';
    let scanned = 0;
    do {
      const page = (await client.command('SCAN', cursor)) as [Buffer, Buffer[]];
      cursor = String(page[0]);
      scanned += page[1].length;
    } while (cursor !== '0');
    assert.equal(scanned, left);
    const refused = String(await client.command('SCRIPT', 'LOAD', 'return 1'));
    assert.match(refused, /shard3 did not do it: it is ejected/);
    assert.equal((await seen.status()).pools[0].ejects, 1);
    assert.equal(seen.lines('shard3').length, 1, seen.lines('shard3').join('\n'));
  } finally {
    client.close();
    await seen.ringway.stop();
    for (const server of servers) await server.stop();
  }
});
