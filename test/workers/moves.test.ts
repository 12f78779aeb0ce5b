import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

describe('a client whose worker is replaced', () => {
  let redis: RealServer[] = [];
  let direct: RespClient[] = [];
  let ringway: ChildRingway;
  let socket: string;

  before(async () => {
    redis = await Promise.all([1, 2].map(() => startRedis()));
    direct = await Promise.all(redis.map(({ port }) => RespClient.open(port)));
    socket = `/tmp/ringway-moves-${process.pid}-${await freePort()}.sock`;
    const servers = redis.map(({ port }, i) => `127.0.0.1:${port}:1 s${i + 1}`);
    const args = ['--admin-socket', socket, '--http-addr', 'off', '--workers', '2'];
    ringway = await startChild({ servers, hash_tag: '{}' }, { args });
  });
  beforeEach(async () => {
    for (const each of direct) await each.command('FLUSHALL');
  });
  after(async () => {
    await ringway?.stop();
    for (const each of direct) each.close();
    await Promise.all(redis.map((server) => server.stop()));
  });

  /** How many clients wait at the servers. */
  async function blocked(): Promise<number> {
    const said = await Promise.all(direct.map((each) => each.command('INFO', 'clients')));
    const counts = said.map((text) => /blocked_clients:(\d+)/.exec(String(text))?.[1]);
    return counts.reduce((sum, count) => sum + Number(count), 0);
  }

  // The first is too long for what a process reads at once, the second is not.
  for (const [keys, behind] of [
    [3000, 0],
    [3000, 1500],
    [1100, 4000],
  ]) {
    test(`waits on for one of ${keys} keys, and for ${behind} requests behind that`, async () => {
      const client = await RespClient.open({ port: ringway.port, timeoutMs: 10_000 });
      const names = Array.from({ length: keys }, (_, i) => `{t}${i}`.padEnd(60, 'k'));
      await client.send(encodeRequest('BLPOP', ...names, '0'));
      await waitFor('it to wait', async () => (await blocked()) === 1);
      const echoes = Array.from({ length: behind }, (_, i) => String(i).padStart(30, '0'));
      await client.send(Buffer.concat(echoes.map((text) => encodeRequest('ECHO', text))));
      await askAdmin(socket, 'restart', 30_000);
      await waitFor('it to wait again', async () => (await blocked()) === 1);
      for (const each of direct) await each.command('RPUSH', names[7], 'value');
      const [popped, ...echoed] = await client.read(1 + behind);
      assert.equal(String(popped), `${names[7]},value`);
      assert.deepEqual(echoed.map(String), echoes);
      client.close();
    });
  }

  test('between MULTI and EXEC gets no transaction over several servers', async () => {
    const client = await RespClient.open(ringway.port);
    const keys = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');
    for (const key of keys) await client.command('SET', key, 'before');
    const owned = await Promise.all(direct.map((each) => each.command('KEYS', '*')));
    const [[first], [second]] = (owned as Buffer[][]).map((names) => names.map(String));
    await client.command('MULTI');
    assert.equal(String(await client.command('SET', first, 'after')), 'QUEUED');
    await askAdmin(socket, 'restart', 30_000);
    assert.equal(String(await client.command('SET', second, 'after')), 'QUEUED');
    assert.match(String(await client.command('EXEC')), /EXECABORT /);
    for (const key of [first, second]) {
      assert.equal(String(await client.command('GET', key)), 'before');
    }
    // With keys of one server it is carried out there.
    await client.command('MULTI');
    await client.command('SET', first, 'after');
    await askAdmin(socket, 'restart', 30_000);
    await client.command('GET', first);
    assert.equal(String(await client.command('EXEC')), 'OK,after');
    assert.equal(String(await direct[0].command('GET', first)), 'after');
    client.close();
  });
});
