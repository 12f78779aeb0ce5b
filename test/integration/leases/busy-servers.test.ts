import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { raw } from '../../support/raw-exchange.ts';
import { type RealServer, startRedis, startRedisSet } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../../support/ringway.ts';
import { waitFor } from '../../support/wait.ts';

// What a server hears while it runs a script that does not end: it reads nothing on the connection
// that the script came by.

const ARGS = ['--busy-reply-threshold', '20'];
const ENDLESS = 'while true do end';
const LIBRARY = `#!lua name=endless
redis.register_function{function_name='endless', callback=function() ${ENDLESS} end, flags={'no-writes'}}`;
const KILLED = /script killed by user/i;

async function directly(server: RealServer, ...words: string[]): Promise<string> {
  const client = await RespClient.open(server.port);
  try {
    return String(await client.command(...words));
  } finally {
    client.close();
  }
}

async function becomesBusy(server: RealServer): Promise<void> {
  await waitFor('the server to be busy', async () => {
    return /BUSY/.test(await directly(server, 'PING'));
  });
}

describe('a server that is busy with a script', () => {
  let servers: RealServer[];
  const clients: RespClient[] = [];
  let ringway: TestRingway | null = null;

  before(async () => {
    servers = await startRedisSet(3, { args: ARGS });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const server of servers) await directly(server, 'SCRIPT', 'KILL');
    for (const server of servers) await directly(server, 'FUNCTION', 'KILL');
    await ringway?.stop();
    ringway = null;
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function pool(count: number, keys: object = {}): Promise<number> {
    const lines = shards(servers.slice(0, count).map(({ port }) => port));
    ringway = await startInProcess({ servers: lines, ...keys });
    return ringway.port;
  }

  async function open(port: number): Promise<RespClient> {
    const client = await RespClient.open(port);
    clients.push(client);
    return client;
  }

  test('hears SCRIPT KILL of another client, and says NOTBUSY when it is not', async () => {
    const port = await pool(1);
    const [a, b] = [await open(port), await open(port)];
    for (const round of [1, 2]) {
      const script = a.command('EVAL', ENDLESS, '0');
      await becomesBusy(servers[0]);
      assert.equal(await b.text('SCRIPT', 'KILL'), 'OK', `round ${round}`);
      assert.match(String(await script), KILLED);
    }
    const [own, its] = [
      await b.command('SCRIPT', 'KILL'),
      await directly(servers[0], 'SCRIPT', 'KILL'),
    ];
    assert.equal(String(own), its);
    assert.match(its, /NOTBUSY/);
    assert.equal(await a.text('PING'), 'PONG');
  });

  test('hears it in RESP3 and in another database, and its client gets all replies in order', async () => {
    const port = await pool(1);
    const session = [
      ['HELLO', 3],
      ['SELECT', 2],
    ];
    assert.equal((await raw(port, [...session, ['GET', 'nothing']]))[2], '_\r\n');
    const script = raw(port, [...session, ['EVAL', ENDLESS, 0]]);
    await becomesBusy(servers[0]);
    const said = await raw(port, [...session, ['SCRIPT', 'KILL'], ['PING']]);
    assert.deepEqual(said.slice(1), ['+OK\r\n', '+OK\r\n', '+PONG\r\n']);
    assert.match((await script)[2], KILLED);
    const [, , idle] = await raw(port, [...session, ['SCRIPT', 'KILL']]);
    assert.match(idle, /^-NOTBUSY /);
  });

  test('hears FUNCTION STATS and FUNCTION KILL', async () => {
    const port = await pool(3);
    const [a, b] = [await open(port), await open(port)];
    assert.equal(await b.text('FUNCTION', 'LOAD', 'REPLACE', LIBRARY), 'endless');
    const idle = await b.command('FUNCTION', 'STATS');
    assert.equal((idle as unknown[])[1], null);
    const call = a.command('FCALL', 'endless', '1', 'some-key');
    await waitFor('a busy server', async () => {
      const [, running] = (await b.command('FUNCTION', 'STATS')) as [unknown, unknown[] | null];
      return String(running?.[1]) === 'endless';
    });
    assert.equal(await b.text('FUNCTION', 'KILL'), 'OK');
    assert.match(String(await call), KILLED);
    assert.match(String(await b.command('FUNCTION', 'KILL')), /NOTBUSY/);
  });

  test('is the one that is helped, whichever of several it is', async () => {
    const port = await pool(3);
    const b = await open(port);
    for (const [i, server] of servers.entries()) {
      const a = await open(port);
      const key = await keyOn(b, i);
      const script = a.command('EVAL', ENDLESS, '1', key);
      await becomesBusy(server);
      assert.equal(await b.text('SCRIPT', 'KILL'), 'OK', key);
      assert.match(String(await script), KILLED);
      assert.match(String(await b.command('SCRIPT', 'KILL')), /^ReplyError: NOTBUSY No scripts/);
    }
  });

  /** A key of the server with this index. */
  async function keyOn(client: RespClient, index: number): Promise<string> {
    for (let i = 0; ; i++) {
      const key = `key:${i}`;
      await client.command('SET', key, '1');
      const isThere = (await directly(servers[index], 'EXISTS', key)) === '1';
      await client.command('DEL', key);
      if (isThere) return key;
    }
  }

  test('hears it while the script runs in a transaction, and when all leases are taken', async () => {
    const port = await pool(1, { max_leased_connections: 1 });
    const [a, b] = [await open(port), await open(port)];
    for (const watched of [[], [['WATCH', 'k']]]) {
      const block = [...watched, ['MULTI'], ['EVAL', ENDLESS, '1', 'k'], ['EXEC']];
      const replies = a.pipeline(block);
      await becomesBusy(servers[0]);
      assert.equal(await b.text('SCRIPT', 'KILL'), 'OK');
      assert.match(String((await replies).at(-1)), KILLED);
    }
  });

  test('hears it when it was ejected because it is busy', async () => {
    const failing = { timeout: 400, server_failure_limit: 1, server_retry_timeout: 60_000 };
    const port = await pool(2, { auto_eject_hosts: true, ...failing });
    const [a, b] = [await open(port), await open(port)];
    const key = await keyOn(b, 1);
    assert.match(String(await a.command('EVAL', ENDLESS, '1', key)), /timed out/i);
    await becomesBusy(servers[1]);
    assert.equal(await b.text('SCRIPT', 'KILL'), 'OK');
    await waitFor('the script to end', async () => {
      return (await directly(servers[1], 'PING')) === 'PONG';
    });
  });

  test('is named when its script has written and cannot be ended', async () => {
    const writing = await startRedis({ args: ARGS });
    const started = await startInProcess({
      servers: [...shards([servers[0].port]), `127.0.0.1:${writing.port}:1000000 writing`],
      distribution: 'ketama',
    });
    try {
      const [a, b] = [await open(started.port), await open(started.port)];
      const script = a.command('EVAL', `redis.call('SET', KEYS[1], 1) ${ENDLESS}`, '1', 'k');
      await becomesBusy(writing);
      const said = String(await b.command('SCRIPT', 'KILL'));
      assert.match(said, /^ReplyError: UNKILLABLE writing did not do it: Sorry the script already/);
      writing.kill('SIGKILL');
      assert.ok((await script) instanceof Error);
    } finally {
      await started.stop();
      await writing.stop();
    }
  });
});

describe('orders to a busy server', () => {
  let server: RealServer;

  before(async () => {
    server = await startRedis({ args: [...ARGS, '--requirepass', 'secret'] });
  });
  after(() => server.stop());

  test('log in, and need nothing of what such a server refuses', async () => {
    const follows = ['--replicaof', '127.0.0.1', `${server.port}`, '--masterauth', 'secret'];
    const follower = await startRedis({ args: [...ARGS, '--requirepass', 'secret', ...follows] });
    const started = await startInProcess({
      servers: [`127.0.0.1:${server.port}:1 one`],
      replicas: [`127.0.0.1:${follower.port} one`],
      redis_auth: 'secret',
      redis_db: 3,
    });
    const [a, b] = [await RespClient.open(started.port), await RespClient.open(started.port)];
    try {
      for (const each of [a, b]) assert.equal(await each.text('AUTH', 'secret'), 'OK');
      assert.equal(await a.text('SET', 'k', '1'), 'OK');
      const script = a.command('EVAL', ENDLESS, '1', 'k');
      const direct = await RespClient.open(server.port);
      await direct.command('AUTH', 'secret');
      await waitFor('the server to be busy', async () => {
        return /BUSY/.test(String(await direct.command('PING')));
      });
      direct.close();
      assert.equal(await b.text('SCRIPT', 'KILL'), 'OK');
      assert.match(String(await script), KILLED);
      assert.equal(await b.text('GET', 'k'), '1');
    } finally {
      a.close();
      b.close();
      await started.stop();
      await follower.stop();
    }
  });

  test('are as many at a time as leases may be, and end with their client', async () => {
    const started = await startInProcess({
      servers: [`127.0.0.1:${server.port}:1 one`],
      redis_auth: 'secret',
      max_leased_connections: 1,
      lease_wait: 50,
    });
    const [a, b] = [await RespClient.open(started.port), await RespClient.open(started.port)];
    try {
      for (const each of [a, b]) assert.equal(await each.text('AUTH', 'secret'), 'OK');
      server.kill('SIGSTOP');
      const first = a.command('SCRIPT', 'KILL').catch(() => 'gone');
      const none = 'ERR no connection to one is free (max_leased_connections)';
      assert.equal(String(await b.command('SCRIPT', 'KILL')), `ReplyError: ${none}`);
      a.close();
      await first;
      const second = b.command('SCRIPT', 'KILL');
      server.kill('SIGCONT');
      assert.match(String(await second), /NOTBUSY/);
    } finally {
      server.kill('SIGCONT');
      a.close();
      b.close();
      await started.stop();
    }
  });
});
