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

  /** A name of each server. */
  async function names(): Promise<[string, string]> {
    const trees = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');
    const client = await RespClient.open(ringway.port);
    for (const tree of trees) await client.command('XADD', tree, '1-1', 'f', 'v');
    client.close();
    const owned = await Promise.all(direct.map((each) => each.command('KEYS', '*')));
    const [[first], [second]] = (owned as Buffer[][]).map((found) => found.map(String));
    return [first, second];
  }

  for (const fill of ['an entry', 'no entry', 'no stream']) {
    test(`misses nothing of a stream from $ on that had ${fill}`, async () => {
      const [name] = await names();
      if (fill === 'no entry') await direct[0].command('XTRIM', name, 'MAXLEN', 0);
      if (fill === 'no stream') await direct[0].command('DEL', name);
      const client = await RespClient.open(ringway.port);
      await client.send(encodeRequest('XREAD', 'BLOCK', '0', 'STREAMS', name, '$'));
      await waitFor('it to wait', async () => (await blocked()) === 1);
      const done = askAdmin(socket, 'restart', 30_000);
      // Between the two processes; where that was missed, it is added to who waits again.
      const looksAt = await RespClient.open(redis[0].port);
      const until = performance.now() + 30_000;
      while (!String(await looksAt.command('INFO', 'clients')).includes('blocked_clients:0')) {
        assert.ok(performance.now() < until, 'it waits at the server that it has left');
      }
      await looksAt.command('XADD', name, '2-2', 'f', 'v');
      await done;
      assert.equal(String((await client.read(1))[0]), `${name},2-2,f,v`);
      for (const each of [client, looksAt]) each.close();
    });
  }

  test('misses nothing of a stream on one server while another does not let it go', async () => {
    const [first, second] = await names();
    const client = await RespClient.open(ringway.port);
    const words = ['XREAD', 'BLOCK', '0', 'STREAMS', first, second, '$', '$'];
    await client.send(encodeRequest(...words));
    await waitFor('it to wait at both', async () => (await blocked()) === 2);
    redis[1].kill('SIGSTOP');
    const done = askAdmin(socket, 'restart', 30_000);
    await waitFor('it to wait at one no more', async () => {
      const said = String(await direct[0].command('INFO', 'clients'));
      return said.includes('blocked_clients:0');
    });
    await direct[0].command('XADD', first, '2-2', 'f', 'v');
    redis[1].kill('SIGCONT');
    await done;
    assert.equal(String((await client.read(1))[0]), `${first},2-2,f,v`);
    client.close();
  });
});
