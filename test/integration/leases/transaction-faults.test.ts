import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/index.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import {
  poolFile,
  shards,
  startChild,
  startInProcess,
  type TestRingway,
} from '../../support/ringway.ts';
import { delay, waitFor } from '../../support/wait.ts';

const running: { stop(): Promise<unknown> }[] = [];
after(async () => {
  for (const each of running.reverse()) await each.stop();
});

async function redis(...args: string[]): Promise<RealServer> {
  const server = await startRedis({ args });
  running.push(server);
  return server;
}

async function proxy(server: RealServer, keys: object = {}): Promise<TestRingway> {
  const ringway = await startInProcess({ servers: shards([server.port]), ...keys });
  running.push(ringway);
  return ringway;
}

const BLOCK = [['MULTI'], ['SET', 'a', '1'], ['INCR', 'a'], ['EXEC'], ['GET', 'a']];

/** The texts of the replies to a transaction, and what it left. */
async function tryBlock(port: number): Promise<[exec: string, left: string]> {
  const client = await RespClient.open(port);
  const replies = await client.pipeline(BLOCK);
  client.close();
  return [String(replies[3]), String(replies[4])];
}

async function oneConnection(server: RealServer): Promise<void> {
  const control = await RespClient.open(server.port);
  const list = String(await control.command('CLIENT', 'LIST', 'TYPE', 'normal'));
  control.close();
  assert.doesNotMatch(list, /multi=[0-9]/, 'no connection is left in a transaction');
}

describe('a server that knows no', () => {
  const because = 'ReplyError: EXECABORT Transaction discarded because of:';

  test('MULTI: nothing is carried out, the connection stays', async () => {
    const server = await redis('--rename-command', 'MULTI', '');
    const { port } = await proxy(server);
    const other = await RespClient.open(port);
    assert.equal(await other.text('SET', 'a', '0'), 'OK');
    for (let i = 0; i < 3; i++) {
      const [exec, left] = await tryBlock(port);
      assert.ok(exec.startsWith(`${because} unknown command 'MULTI'`), exec);
      assert.equal(left, '0');
    }
    assert.equal(await other.text('GET', 'a'), '0');
    const stats = await RespClient.open(server.port);
    const connected = String(await stats.command('INFO', 'stats'));
    assert.equal(/total_connections_received:(\d+)/.exec(connected)?.[1], '3', connected);
    other.close();
    stats.close();
  });

  test('MULTI: nobody has the connection on which something was watched', async () => {
    const server = await redis('--rename-command', 'MULTI', '');
    const { port } = await proxy(server);
    const client = await RespClient.open(port);
    const replies = await client.pipeline([['WATCH', 'a'], ...BLOCK]);
    assert.equal(replies[0], 'OK');
    assert.ok(String(replies[4]).startsWith(because), String(replies[4]));
    const control = await RespClient.open(server.port);
    await waitFor('it to be closed', async () => {
      return !/cmd=watch/.test(String(await control.command('CLIENT', 'LIST')));
    });
    client.close();
    control.close();
  });

  test('EXEC: nothing is carried out, and others on the connection do not notice', async () => {
    const server = await redis('--rename-command', 'EXEC', '');
    const { port } = await proxy(server);
    const other = await RespClient.open(port);
    await other.text('SET', 'a', '0');
    const asked = Array.from({ length: 500 }, () => other.text('GET', 'a'));
    const [exec, left] = await tryBlock(port);
    assert.ok(exec.startsWith(`${because} unknown command 'EXEC'`), exec);
    assert.equal(left, '0');
    assert.deepEqual([...new Set(await Promise.all(asked))], ['0']);
    await oneConnection(server);
    other.close();
  });

  test('EXEC and no DISCARD: the connection is given up once, no reply goes astray', async () => {
    const server = await redis('--rename-command', 'EXEC', '', '--rename-command', 'DISCARD', '');
    const { port } = await proxy(server);
    const other = await RespClient.open(port);
    await other.text('SET', 'a', '0');
    const asked = other.pipeline(Array.from({ length: 500 }, () => ['GET', 'a']));
    assert.match((await tryBlock(port))[0], /EXECABORT/);
    const seen = new Set((await asked).map(String));
    seen.delete('0');
    assert.ok(
      [...seen].every((each) => each.startsWith('ReplyError: ERR')),
      [...seen].join(),
    );
    for (let i = 0; i < 3; i++) {
      const [exec, left] = await tryBlock(port);
      assert.match(exec, /EXECABORT .*: neither EXEC nor DISCARD is known/);
      assert.equal(left, '0');
    }
    await oneConnection(server);
    other.close();
  });
});

describe('a server that refuses', () => {
  test('a request of the transaction: nothing is carried out, and the client hears why', async () => {
    const server = await redis();
    const { port } = await proxy(server);
    assert.deepEqual(await tryBlock(port), ['OK,2', '2']);
    const control = await RespClient.open(server.port);
    await control.text('REPLICAOF', '127.0.0.1', '1');
    const [exec, left] = await tryBlock(port);
    assert.match(exec, /EXECABORT Transaction discarded because of: READONLY You can't write/);
    assert.equal(left, '2');
    await control.text('REPLICAOF', 'NO', 'ONE');
    assert.deepEqual(await tryBlock(port), ['OK,2', '2']);
    control.close();
  });

  test('MULTI from now on: the client hears that parts may be done, others go on', async () => {
    const server = await redis();
    const { port } = await proxy(server);
    const other = await RespClient.open(port);
    assert.deepEqual(await tryBlock(port), ['OK,2', '2']);
    const control = await RespClient.open(server.port);
    await control.text('ACL', 'SETUSER', 'default', '-multi');
    const [exec] = await tryBlock(port);
    assert.match(exec, /the server did not begin the transaction \(NOPERM .*parts of it may/);
    // On the next connection it is known before.
    assert.match((await tryBlock(port))[0], /EXECABORT .*because of: NOPERM/);
    assert.equal(await other.text('PING'), 'PONG');
    assert.equal(await other.text('SET', 'b', '1'), 'OK');
    control.close();
    other.close();
  });
});

describe('a server that is lost', () => {
  test('with a transaction under way: one error, and nothing is sent again', async () => {
    const server = await redis();
    const { port } = await proxy(server);
    await tryBlock(port);
    const client = await RespClient.open(port);
    server.kill('SIGSTOP');
    const asked = client.pipeline([...BLOCK, ['PING']]);
    await delay(50);
    server.kill('SIGKILL');
    const replies = (await asked).map(String);
    assert.deepEqual(replies.slice(0, 3), ['OK', 'QUEUED', 'QUEUED']);
    assert.match(replies[3], /^ReplyError: ERR /);
    assert.equal(replies[5], 'PONG');
    await server.restart();
    const found = await waitFor('the server to be back', async () => {
      const left = await client.command('EXISTS', 'a');
      return left === 0 || left === 1 ? String(left) : null;
    });
    assert.equal(found, '0');
    assert.deepEqual(await tryBlock(port), ['OK,2', '2']);
    client.close();
  });

  test('before EXEC: EXEC gets the error of the server, and the transaction is over', async () => {
    const server = await redis();
    const { port } = await proxy(server, { breaker_failures: 0 });
    const client = await RespClient.open(port);
    await client.pipeline([['MULTI'], ['SET', 'a', '1']]);
    await server.stop();
    assert.match(String(await client.command('EXEC')), /Connection refused/);
    assert.match(String(await client.command('EXEC')), /EXEC without MULTI/);
    client.close();
  });
});

describe('clients that vanish', () => {
  test('in any place leave no transaction, no lease and no bytes behind', async () => {
    const server = await redis();
    const ringway = await startInProcess({ servers: shards([server.port]) });
    running.push(ringway);
    const block = [
      ['MULTI'],
      ['SELECT', '1'],
      ['SET', 'a', 'x'.repeat(50_000)],
      ['GET', 'a'],
      ['SELECT', '0'],
      ['EXEC'],
    ];
    const text = block
      .map(
        (words) => `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join('')}`,
      )
      .join('');
    for (let cut = 1; cut < text.length; cut += cut < 120 ? 7 : 9_001) {
      const client = await RespClient.open(ringway.port);
      await client.send(text.slice(0, cut));
      client.reset();
    }
    for (let i = 0; i < 20; i++) {
      const client = await RespClient.open(ringway.port);
      await client.send(text);
      if (i % 2 === 0) await delay(i / 5);
      client.reset();
    }
    await waitFor('all clients to be gone', async () => {
      const other = await RespClient.open(ringway.port);
      const list = String(await other.text('CLIENT', 'LIST'));
      other.close();
      return list.split('\n').length === 2;
    });
    await oneConnection(server);
    assert.deepEqual(await tryBlock(ringway.port), ['OK,2', '2']);
  });
});

describe('connections of their own', () => {
  test('that are all in use are waited for, then the client hears so', async () => {
    const server = await redis();
    const keys = { max_leased_connections: 1, lease_wait: 100 };
    const { port } = await proxy(server, keys);
    const [first, second] = [await RespClient.open(port), await RespClient.open(port)];
    const block = [['MULTI'], ['SELECT', '1'], ['INCR', 'n'], ['SELECT', '0'], ['EXEC']];
    await first.pipeline(block);
    server.kill('SIGSTOP');
    const [waiting, late] = [first.pipeline(block), second.pipeline([...block, ['PING']])];
    const refused = (await Promise.race([late, waiting])).map(String);
    assert.match(refused[4], /no connection to shard1 is free \(max_leased_connections\)/);
    server.kill('SIGCONT');
    assert.equal(String((await waiting)[4]), 'OK,2,OK');
    assert.equal(String((await second.pipeline(block))[4]), 'OK,3,OK');
    first.close();
    second.close();
  });

  test('are used again, and closed when nobody wants them for long', async () => {
    const server = await redis();
    const { port } = await proxy(server, { lease_idle: 150 });
    const client = await RespClient.open(port);
    const control = await RespClient.open(server.port);
    const connections = async (): Promise<number> => {
      return String(await control.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length;
    };
    for (let i = 0; i < 5; i++) {
      await client.pipeline([['MULTI'], ['SELECT', '1'], ['SELECT', '0'], ['EXEC']]);
    }
    assert.equal(await connections(), 2, 'this one, and the one that is leased');
    await waitFor('it to be closed', async () => (await connections()) === 1);
    client.close();
    control.close();
  });
});

describe('a reload between MULTI and EXEC', () => {
  test('finds the server of its keys anew, or aborts it when there is none', async () => {
    const servers = await Promise.all([redis(), redis(), redis(), redis()]);
    const lines = shards(servers.map(({ port }) => port));
    const ringway = await startInProcess({ servers: lines.slice(0, 1), hash_tag: '{}' });
    running.push(ringway);
    const open = () => RespClient.open(ringway.port);
    const [together, apart, large, selecting] = await Promise.all([open(), open(), open(), open()]);
    await together.pipeline([['MULTI'], ['SET', '{a}1', '1'], ['SET', '{a}2', '2']]);
    await large.pipeline([['MULTI'], ['SET', '{b}1', 'x'.repeat(300_000)], ['GET', '{b}2']]);
    await selecting.pipeline([['MULTI'], ['SELECT', '1'], ['SET', '{c}1', '3']]);
    const keys = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');
    await apart.pipeline([['MULTI'], ...keys.map((key) => ['SET', key, '1'])]);
    const listen = `127.0.0.1:${ringway.port}`;
    const { text } = await poolFile([{ servers: lines.slice(1), hash_tag: '{}', listen }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
    const [queued] = await together.pipeline([['SET', '{a}3', '3']]);
    assert.equal(queued, 'QUEUED');
    assert.deepEqual(await together.command('EXEC'), ['OK', 'OK', 'OK']);
    assert.deepEqual(await large.command('EXEC'), ['OK', null]);
    assert.deepEqual(await selecting.command('EXEC'), ['OK', 'OK']);
    assert.match(String(await apart.command('EXEC')), /EXECABORT/);
    const again = await together.pipeline([
      ['MGET', '{a}1', '{a}2', '{a}3'],
      ['MGET', ...keys],
    ]);
    assert.deepEqual(again.map(String), ['1,2,3', ','.repeat(9)]);
    const first = await RespClient.open(servers[0].port);
    assert.equal(await first.command('DBSIZE'), 0);
    for (const client of [together, apart, large, selecting, first]) client.close();
  });
});

describe('what is kept until EXEC', () => {
  test('counts in the memory of the process: the client that holds most is closed', async () => {
    const server = await redis();
    const ringway = await startChild(
      { servers: shards([server.port]), max_transaction: 512 * 1024 * 1024 },
      { args: ['--memory-mib=16'] },
    );
    running.push(ringway);
    const [greedy, modest] = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
    await modest.pipeline([['MULTI'], ['SET', 'modest', '1']]);
    await greedy.command('MULTI');
    const set = Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\ng\r\n$60000\r\n${'x'.repeat(60_000)}\r\n`);
    for (let i = 0; i < 400 && !greedy.ended; i++) {
      greedy.socket.write(set);
      if (i % 10 === 9) await delay(5);
    }
    await waitFor('the greedy client to be closed', () => greedy.ended);
    assert.deepEqual(await modest.command('EXEC'), ['OK']);
    assert.ok(ringway.log.some((line) => line.includes('is closed')));
    modest.close();
  });
});
