import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { assemble } from '../../src/run/assemble.ts';
import type { Program } from '../../src/run/program.ts';
import { RawClient } from '../memcache/raw-client.ts';
import { NameServer } from '../support/name-server.ts';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type PoolSpec, poolFile, startChild, startInProcess } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

/** What SRV records name: hosts, never addresses. */
const at = ({ port }: { readonly port: number }) => ({ host: 'localhost', port });
const SERVICE = '_ring._tcp.test';
const KEYS = Array.from({ length: 64 }, (_, i) => `key:${i}`);

interface View {
  readonly members: readonly {
    readonly members: readonly string[];
    readonly coming: readonly string[];
    readonly withheld: readonly string[];
    readonly waits: string;
  }[];
}

describe('a ring of the servers that SRV records list', () => {
  const names = new NameServer();
  const usual = getServers();
  let redis: RealServer[] = [];
  before(async () => {
    setServers([await names.open()]);
    redis = await Promise.all([1, 2, 3].map(() => startRedis()));
  });
  after(async () => {
    setServers(usual);
    names.close();
    await Promise.all(redis.map((server) => server.stop()));
  });
  beforeEach(async () => {
    names.services.clear();
    for (const { port } of redis) await command(port, 'FLUSHALL');
  });

  const list = (...servers: readonly RealServer[]): void => {
    names.services.set(SERVICE, servers.map(at));
  };
  const pool = (more: object = {}): PoolSpec => ({
    servers: [`srv:${SERVICE}`],
    discover_members: 'follow',
    hash: 'murmur',
    dns_interval: 300,
    timeout: 2000,
    ...more,
  });
  /** How many of the keys each server has. */
  const sizes = (): Promise<number[]> =>
    Promise.all(redis.map(async ({ port }) => Number(await command(port, 'DBSIZE'))));

  async function writeAll(port: number): Promise<void> {
    const client = await RespClient.open(port);
    for (const key of KEYS) assert.equal(await client.text('SET', key, 'x'), 'OK');
    client.close();
  }

  test('has the keys where a file with these lines has them, and changes as they do', async (t) => {
    const [a, b, c] = redis;
    list(a, b);
    const ringway = await startInProcess(pool());
    t.after(() => ringway.stop());
    const log = (): string => ringway.log.join('\n');
    await writeAll(ringway.port);
    const spread = await sizes();
    assert.equal(spread[0] + spread[1], KEYS.length);
    assert.ok(spread[0] > 0 && spread[1] > 0, 'both have some');
    const lines = redis.map(({ port }) => `localhost:${port}:1`);
    const fixed = await startInProcess({ servers: lines.slice(0, 2), hash: 'murmur' });
    t.after(() => fixed.stop());
    await writeAll(fixed.port);
    assert.deepEqual(await sizes(), spread);
    // A client that stays while the ring changes.
    const client = await RespClient.open(ringway.port);
    t.after(() => client.close());
    list(a, b, c);
    await waitFor('the third', () => /SRV records: pool pool1: /.test(log()));
    assert.match(
      log(),
      new RegExp(
        `SRV records: pool pool1: \\d+\\.\\d+ % of its keys move, server localhost:${c.port} is new`,
      ),
    );
    for (const { port } of redis) await command(port, 'FLUSHALL');
    for (const key of KEYS) assert.equal(await client.text('SET', key, 'y'), 'OK');
    const now = await sizes();
    assert.ok(
      now.every((count) => count > 0),
      now.join(),
    );
    assert.equal(ringway.ringway.config.pools[0].servers.length, 3);
    const { reloads } = await ringway.ringway.status();
    assert.equal(reloads, 0, 'the file was not read again');
  });

  test('is empty until somebody is listed, and stays when nobody is any more', async (t) => {
    const ringway = await startInProcess(pool());
    t.after(() => ringway.stop());
    assert.match(ringway.log.join('\n'), /SRV records of _ring\._tcp\.test are not to be had/);
    const client = await RespClient.open(ringway.port);
    t.after(() => client.close());
    const error = await client.command('SET', 'key', 'x');
    assert.ok(error instanceof Error, String(error));
    assert.equal(await client.text('PING'), 'PONG');
    assert.deepEqual(
      await client.command('MGET', 'a', 'b'),
      await client.command('MGET', 'a', 'b'),
    );
    for (const line of ['SCAN 0', 'SUBSCRIBE a', 'PSUBSCRIBE a*', 'SSUBSCRIBE a']) {
      assert.match(String(await client.command(...line.split(' '))), /Connection refused/, line);
    }
    list(redis[0]);
    await waitFor(
      'the first server',
      async () => (await client.command('SET', 'key', 'x')) === 'OK',
    );
    names.services.clear();
    const asked = names.asked;
    await waitFor('two more answers', () => names.asked >= asked + 2);
    assert.equal(await client.text('GET', 'key'), 'x');
  });

  test('is one of memcached servers as well', async (t) => {
    const servers = await Promise.all([startMemcached(), startMemcached()]);
    t.after(() => Promise.all(servers.map((each) => each.stop())));
    const ringway = await startInProcess({ ...pool(), redis: false });
    t.after(() => ringway.stop());
    const client = await RawClient.open(ringway.port);
    t.after(() => client.close());
    assert.match(await client.ask('set a 0 0 1\r\nx\r\n'), /^SERVER_ERROR /);
    assert.match(await client.ask('get a b\r\n'), /^(SERVER_ERROR .*|END)\r\n$/);
    for (const line of ['stats items', 'stats reset', 'stats servers', 'verbosity 1']) {
      assert.match(await client.ask(`${line}\r\n`), /^SERVER_ERROR /, line);
    }
    assert.match(await client.ask('stats\r\n'), /^STAT pid .*END\r\n$/s);
    list(...servers);
    await waitFor('the servers', () => ringway.ringway.config.pools[0].servers.length === 2);
    for (const key of KEYS) {
      assert.equal(await client.ask(`set ${key} 0 0 1\r\nx\r\n`), 'STORED\r\n');
    }
    const all = await client.ask(`get ${KEYS.join(' ')}\r\n`);
    assert.equal(all.match(/^VALUE /gm)?.length, KEYS.length);
    for (const { port } of servers) {
      const own = await RawClient.open(port);
      assert.match(await own.ask(`get ${KEYS.join(' ')}\r\n`), /^VALUE /, 'each has some');
      own.close();
    }
  });

  test('goes along with an upgrade, though nobody is listed by then', async (t) => {
    list(redis[0], redis[1]);
    const socket = `/tmp/ringway-members-${process.pid}.sock`;
    const ringway = await startChild(pool(), {
      args: ['--admin-socket', socket],
      env: names.env,
    });
    let next = 0;
    t.after(async () => {
      // It has the output of the first one, which ends with it.
      if (next !== 0) process.kill(next, 'SIGKILL');
      await ringway.stop();
    });
    await writeAll(ringway.port);
    const spread = await sizes();
    names.services.clear();
    next = ((await askAdmin(socket, 'upgrade')) as { pid: number }).pid;
    await waitFor('the next process', () => ringway.child.exitCode !== null);
    await writeAll(ringway.port);
    assert.deepEqual(await sizes(), spread);
    const { members } = (await askAdmin(socket, 'topology')) as unknown as View;
    assert.equal(members[0].members.length, 2);
  });

  test('is not less than half of what it was until an operator says that this is right', async (t) => {
    list(...redis);
    const socket = `/tmp/ringway-accept-${process.pid}.sock`;
    const ringway = await startChild(pool(), {
      args: ['--admin-socket', socket],
      env: names.env,
    });
    t.after(() => ringway.stop());
    const ask = (words = ''): Promise<View> =>
      askAdmin(socket, `topology${words}`) as unknown as Promise<View>;
    await assert.rejects(ask(` accept ${SERVICE}`), /there is nothing to accept/);
    await assert.rejects(ask(' accept _other._tcp.test'), /there is _ring\._tcp\.test/);
    await assert.rejects(ask(' accept'), /expected topology, .*topology accept NAME/);
    list(redis[0]);
    await waitFor('it to be heard', async () => (await ask()).members[0].withheld.length === 2);
    await ask(' freeze');
    await assert.rejects(ask(` accept ${SERVICE}`), /the topology is frozen/);
    await ask(' resume');
    assert.equal((await ask(` accept ${SERVICE}`)).members[0].members.length, 3);
    await waitFor('the ring', async () => (await ask()).members[0].members.length === 1);
  });

  describe('with workers', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'ringway-members-'));
    });
    after(() => rmSync(folder, { recursive: true }));

    async function run(
      more: Partial<Parameters<typeof assemble>[0]> = {},
    ): Promise<{ program: Program; port: number; log: string[]; file: string }> {
      const { text, ports } = await poolFile([pool()]);
      const file = join(folder, `${ports[0]}.yml`);
      writeFileSync(file, text);
      const log: string[] = [];
      const program = await assemble({
        ...{ confFile: file, workers: 2, codec: 'wasm', reader: null, latency: false },
        ...{ telemetry: null, memoryLimit: 0, maxConnections: 0, drainMs: 200, unready: false },
        ...{ ticketSecret: null, doors: {}, listeners: {}, known: [], members: {}, frozen: false },
        ...{ orders: [], numbered: 0 },
        log: { level: 6, write: (_level, line) => void log.push(line) },
        ...more,
      });
      await program.open();
      return { program, port: ports[0], log, file };
    }

    const serversOf = async ({ serving }: Program): Promise<number> =>
      (await serving.snapshot()).pools[0].servers.length;

    test('all have the same, those that start too; while it is frozen it stays', async (t) => {
      const [a, b, c] = redis;
      list(a, b);
      const { program, port, log, file } = await run();
      t.after(() => program.stop(0));
      await writeAll(port);
      assert.equal(await serversOf(program), 2);
      program.topology.frozen = true;
      list(a, b, c);
      const members = () => (program.topology.view as View).members;
      await waitFor('the third to be heard of', () => members()[0].coming.length === 1);
      assert.equal(members()[0].waits, 'the topology is frozen');
      const changes = () => program.topology.figures.memberChanges;
      assert.deepEqual([changes(), await serversOf(program)], [0, 2]);
      // Not even a reload of the file lets it in.
      writeFileSync(file, readFileSync(file, 'latin1').replace('timeout: 2000', 'timeout: 1900'));
      await program.reloader.reload();
      assert.equal(await serversOf(program), 2);
      program.topology.frozen = false;
      await waitFor('the third', async () => changes() === 1);
      assert.equal(await serversOf(program), 3);
      assert.ok(
        log.some((line) => / % of its keys move, server localhost:/.test(line)),
        log.join(),
      );
      for (const { port: each } of redis) await command(each, 'FLUSHALL');
      await writeAll(port);
      const spread = await sizes();
      const { pids } = program.serving as unknown as { pids: number[] };
      process.kill(pids[0], 'SIGKILL');
      await waitFor('another worker', () => {
        const now = (program.serving as unknown as { pids: number[] }).pids;
        return now.length === 2 && !now.includes(pids[0]);
      });
      for (let i = 0; i < 4; i++) await writeAll(port);
      assert.deepEqual(await sizes(), spread);
    });

    test('a process that takes over begins with the ring as it is, also without an answer', async (t) => {
      const members = { [SERVICE]: redis.slice(0, 2).map(({ port }) => `localhost:${port}`) };
      const { program, port } = await run({ members });
      t.after(() => program.stop(0));
      assert.equal(await serversOf(program), 2);
      await writeAll(port);
      assert.deepEqual(program.topology.members.taken, members);
    });

    for (const workers of [1, 2]) {
      test(`what is drained gets nothing when it is back, workers: ${workers}`, async (t) => {
        const [all, rest] = [redis, redis.slice(0, 2)].map((servers) => {
          return { [SERVICE]: servers.map(({ port }) => `localhost:${port}`) };
        });
        const { program, port } = await run({ members: all, workers });
        t.after(() => program.stop(0));
        const name = `localhost:${redis[2].port}`;
        program.orders.obey(['pool1', name, 'drain']);
        await waitFor('the order', async () => {
          const [{ servers }] = (await program.status()).pools;
          return servers.some((each) => each.name === name && each.order === 'drain');
        });
        let isOver = false;
        const writing = (async () => {
          while (!isOver) await writeAll(port);
        })();
        for (let i = 0; i < 5; i++) {
          await program.reloader.changeMembers(rest);
          assert.equal(await serversOf(program), 2);
          await program.reloader.changeMembers(all);
          assert.equal(await serversOf(program), 3);
        }
        isOver = true;
        await writing;
        const [first, second, drained] = await sizes();
        assert.ok(first > 0 && second > 0);
        assert.equal(drained, 0);
        program.orders.obey(['pool1', name, 'enable']);
        await waitFor('it to be back', async () => {
          await writeAll(port);
          return (await sizes())[2] > 0;
        });
      });
    }

    test('nothing is changed any more by a program that ends', async (t) => {
      list(redis[0]);
      const { program, port } = await run({ workers: 1 });
      t.after(() => program.stop(0));
      const before = program.reloader.current;
      const turns = new EventEmitter();
      const upgrade = program.reloader.exclusively(() => once(turns, 'over'));
      await waitFor('its turn', () => turns.listenerCount('over') === 1);
      const listed = redis.map(({ port: each }) => `localhost:${each}`);
      const change = program.reloader.changeMembers({ [SERVICE]: listed });
      const reload = program.reloader.reload();
      const refused = Promise.all(
        [change, reload].map((each) => assert.rejects(each, /it is about to end/)),
      );
      await program.stop(0);
      turns.emit('over');
      await upgrade;
      await refused;
      assert.equal(program.reloader.current, before);
      await assert.rejects(RespClient.open(port), /ECONNREFUSED/);
    });

    test('a ring of very many long names is told in a line that is not long', async (t) => {
      list(redis[0]);
      const { program, log } = await run({ workers: 1 });
      t.after(() => program.stop(0));
      const many = Array.from({ length: 1000 }, (_, i) => `${'x'.repeat(200)}${i}:1`);
      await program.reloader.changeMembers({ [SERVICE]: many });
      const told = log.filter((line) => line.startsWith('SRV records: pool pool1: '));
      assert.match(told.join(), /, and 9\d\d more$/);
      assert.ok(Math.max(...log.map((line) => line.length)) < 10_000);
    });

    test('a change that waits for its turn is none of a topology frozen meanwhile', async (t) => {
      list(redis[0]);
      const { program } = await run({ workers: 1 });
      t.after(() => program.stop(0));
      const before = program.reloader.current;
      const turns = new EventEmitter();
      const reload = program.reloader.exclusively(() => once(turns, 'over'));
      await waitFor('its turn', () => turns.listenerCount('over') === 1);
      const listed = redis.map(({ port: each }) => `localhost:${each}`);
      const change = program.reloader.changeMembers({ [SERVICE]: listed });
      program.topology.frozen = true;
      turns.emit('over');
      await assert.rejects(change, /the topology is frozen/);
      await reload;
      assert.equal(program.reloader.current, before);
    });

    test('a reload that names another list wants it to list somebody', async (t) => {
      list(redis[0]);
      const { program, file } = await run({ workers: 1 });
      t.after(() => program.stop(0));
      const text = readFileSync(file, 'latin1');
      writeFileSync(file, text.replace(SERVICE, '_other._tcp.test'));
      await assert.rejects(program.reloader.reload(), (error: Error) => {
        assert.match(
          error.message,
          /:\d+:\d+: pool1\.servers: _other\._tcp\.test has no SRV records/,
        );
        return true;
      });
      assert.equal(await serversOf(program), 1);
      names.services.set('_other._tcp.test', redis.map(at));
      assert.equal((await program.reloader.plan()).changes[0].change, 'changed');
      const { changes } = await program.reloader.reload();
      assert.equal(changes[0].change, 'changed');
      assert.equal(await serversOf(program), 3);
    });
  });
});
