import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import type { ServerStatus, Status } from '../../src/stats/http/status.ts';
import { runCli } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

let redis: RealServer[] = [];
const pids: number[] = [];

before(async () => {
  redis = await Promise.all([1, 2].map(() => startRedis()));
});
after(async () => {
  for (const pid of pids) endIfRunning(pid);
  await Promise.all(redis.map((server) => server.stop()));
});

function endIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

interface Running {
  readonly ringway: ChildRingway;
  readonly admin: string;
  readonly http: number;
}

async function start(args: readonly string[], pool: object = {}): Promise<Running> {
  const http = await freePort();
  const admin = `/tmp/ringway-orders-${process.pid}-${http}.sock`;
  const servers = redis.map(({ port }, i) => `127.0.0.1:${port}:1 s${i + 1}`);
  const more = [`--admin-socket=${admin}`, `--http-addr=${http}`, ...args];
  const ringway = await startChild({ name: 'alpha', servers, ...pool }, { args: more });
  pids.push(ringway.pid);
  return { ringway, admin, http };
}

async function order(admin: string, ...words: string[]): Promise<object> {
  return JSON.parse((await runCli(['ctl', `--admin-socket=${admin}`, 'server', ...words])).stdout);
}

async function serversOf(admin: string): Promise<readonly ServerStatus[]> {
  const { status } = (await askAdmin(admin, 'status')) as unknown as { status: Status };
  return status.pools[0].servers;
}

/** How many of 40 keys are on each server. */
async function spread(port: number): Promise<number[]> {
  await Promise.all(redis.map(({ port: server }) => at(server, 'FLUSHALL')));
  const client = await RespClient.open(port);
  for (let i = 0; i < 40; i++) assert.equal(await client.text('SET', `key:${i}`, 'v'), 'OK');
  client.close();
  return Promise.all(redis.map(async ({ port: server }) => Number(await at(server, 'DBSIZE'))));
}

/** What a server itself says. */
async function at(port: number, ...words: string[]): Promise<string> {
  const client = await RespClient.open(port);
  const reply = String(await client.command(...words));
  client.close();
  return reply;
}

/** Connections of others to a server. */
async function connectionsTo(port: number): Promise<number> {
  const list = await at(port, 'CLIENT', 'LIST');
  return list.trim().split('\n').length - 1;
}

const isOut = ([first, second]: readonly number[]): boolean => first === 0 && second === 40;
const isBack = ([first, second]: readonly number[]): boolean => first > 0 && second > 0;

for (const workers of ['1', '2']) {
  describe(`orders about single servers, --workers ${workers}`, () => {
    test('an ejected server gets nothing until it is enabled, and is shown as such', async () => {
      const { ringway, admin, http } = await start(['--workers', workers]);
      assert.ok(isBack(await spread(ringway.port)));
      const answer = { ok: true, pool: 'alpha', server: 's1' };
      assert.deepEqual(await order(admin, 'alpha', 's1', 'eject'), { ...answer, order: 'eject' });
      await waitFor('it to be out', async () => isOut(await spread(ringway.port)));
      assert.ok((await connectionsTo(redis[0].port)) > 0, 'its connections stay');
      const [first, second] = await serversOf(admin);
      assert.deepEqual([first.live, first.order, first.ringShare], [false, 'eject', 0]);
      assert.deepEqual([second.live, second.order, second.ringShare], [true, 'none', 1]);
      const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
      assert.match(metrics, /^ringway_server_ordered_out\{pool="alpha",server="s1"\} 1$/m);
      assert.match(metrics, /^ringway_server_live\{pool="alpha",server="s1"\} 0$/m);
      const { stdout } = await runCli(['top', '--once', `--http-addr=${http}`]);
      assert.match(stdout, /s1 .* EJECTED \(order\)/);
      assert.deepEqual(await order(admin, 'alpha', 's1', 'enable'), { ...answer, order: 'none' });
      await waitFor('it to be back', async () => isBack(await spread(ringway.port)));
      const told = ringway.log.filter((line) => line.includes('server alpha | s1 is '));
      assert.equal(told.length, 2, 'one line each, whoever serves');
      assert.match(told[0], /is out of the ring by order, until it is enabled/);
      await ringway.stop();
    });

    test('a drained server answers what is in flight, then has no connections', async () => {
      const { ringway, admin } = await start(['--workers', workers], {
        hash_tag: '{}',
        preconnect: true,
      });
      await spread(ringway.port);
      const client = await RespClient.open(ringway.port);
      const onFirst = await at(redis[0].port, 'RANDOMKEY');
      const blocked = client.command('BLPOP', `{${onFirst}}list`, '0');
      await waitFor('BLPOP', async () => {
        return (await at(redis[0].port, 'INFO', 'clients')).includes('blocked_clients:1');
      });
      await order(admin, 'alpha', 's1', 'drain');
      await waitFor('the others to close', async () => (await connectionsTo(redis[0].port)) === 1);
      await at(redis[0].port, 'RPUSH', `{${onFirst}}list`, 'item');
      assert.equal(String(await blocked), `{${onFirst}}list,item`);
      await waitFor('all to close', async () => (await connectionsTo(redis[0].port)) === 0);
      assert.ok(isOut(await spread(ringway.port)));
      await askAdmin(admin, 'reload');
      assert.equal(await connectionsTo(redis[0].port), 0, 'nor does a reload connect');
      await order(admin, 'alpha', 's1', 'enable');
      await waitFor('it to be back', async () => isBack(await spread(ringway.port)));
      client.close();
      await ringway.stop();
    });

    test('an order holds over reloads, restarts and upgrades, until its server leaves', async () => {
      const { ringway, admin } = await start(['--workers', workers]);
      await order(admin, 'alpha', 's1', 'drain');
      const moved = `alpha:\n  listen: 127.0.0.1:${ringway.port}\n  redis: true\n`;
      const more = '  auto_eject_hosts: true\n  servers:\n';
      const lines = redis.map(({ port }, i) => `    - 127.0.0.1:${port}:1 s${i + 1}\n`);
      writeFileSync(ringway.file, `${moved}${more}${lines[1]}${lines[0]}`);
      await askAdmin(admin, 'reload');
      assert.ok(isOut(await spread(ringway.port)));
      if (workers !== '1') await askAdmin(admin, 'restart');
      assert.ok(isOut(await spread(ringway.port)));
      const { pid } = (await askAdmin(admin, 'upgrade')) as { pid: number };
      pids.push(pid);
      await waitFor('the end of the first', () => ringway.child.exitCode === 0);
      assert.ok(isOut(await spread(ringway.port)));
      assert.deepEqual(
        (await serversOf(admin)).map((each) => each.order),
        ['drain', 'none'],
      );
      writeFileSync(ringway.file, `${moved}${more}${lines[1]}`);
      await askAdmin(admin, 'reload');
      writeFileSync(ringway.file, `${moved}${more}${lines[1]}${lines[0]}`);
      await askAdmin(admin, 'reload');
      assert.ok(isBack(await spread(ringway.port)), 'a server that comes anew is under no order');
      process.kill(pid, 'SIGTERM');
    });
  });
}

describe('an order about a server', () => {
  test('reaches it by any name that a file can give it', async () => {
    const names = ['s1', 's\u00a02', '"größe"'];
    const servers = names.map((name) => `127.0.0.1:${redis[0].port}:1 ${name}`);
    const { ringway, admin } = await start([], { name: 'a pool', servers });
    const told = (await serversOf(admin)).map(({ name }) => name);
    for (const name of told) await order(admin, 'a pool', name, 'eject');
    const out = (await serversOf(admin)).map((each) => [each.name, each.order]);
    assert.deepEqual(
      out,
      told.map((name) => [name, 'eject']),
    );
    await ringway.stop();
  });

  test('that is given while the next process starts holds there', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `s${i}`);
    const servers = names.map((name) => `127.0.0.1:${redis[0].port}:1 ${name}`);
    const { ringway, admin } = await start([], { servers, distribution: 'modula' });
    let pid = 0;
    const upgraded = askAdmin(admin, 'upgrade').then((answer) => {
      pid = Number(answer['pid']);
      pids.push(pid);
    });
    const given: string[] = [];
    for (let i = 0; pid === 0; i++) {
      const name = names[i % names.length];
      // In between nobody listens.
      const said = await askAdmin(admin, `server alpha ${name} eject`).catch(() => null);
      if (said !== null) given.push(name);
    }
    await upgraded;
    await waitFor('the end of the first', () => ringway.child.exitCode === 0);
    const held = (await serversOf(admin)).filter((each) => each.order === 'eject');
    const isHeld = new Set(held.map(({ name }) => name));
    assert.ok(given.length > 0);
    assert.deepEqual(
      given.filter((name) => !isHeld.has(name)),
      [],
    );
    process.kill(pid, 'SIGTERM');
  });

  test('takes back an automatic ejection; what is no order is refused', async () => {
    const dead = await freePort();
    const { ringway, admin } = await start([], {
      servers: [`127.0.0.1:${redis[0].port}:1 s1`, `127.0.0.1:${dead}:1 s2`],
      auto_eject_hosts: true,
      server_failure_limit: 1,
      server_retry_timeout: 600_000,
    });
    const client = await RespClient.open(ringway.port);
    await waitFor('the ejection', async () => {
      await client.command('GET', `key:${Math.random()}`).catch((error: Error) => error);
      return !(await serversOf(admin))[1].live;
    });
    assert.ok(
      ringway.log.some((line) => /s2 .* is ejected for 600000 ms: Connection refused/.test(line)),
    );
    await order(admin, 'alpha', 's2', 'enable');
    assert.deepEqual(
      (await serversOf(admin)).map(({ live }) => live),
      [true, true],
    );
    for (const [words, error] of [
      [['alpha', 's3', 'eject'], "no server 's3' in alpha; there is s1, s2"],
      [['beta', 's1', 'eject'], "no pool 'beta'; there is alpha"],
      [['alpha', 's1'], 'expected server POOL NAME eject, enable or drain'],
      [['alpha', 's1', 'stop'], 'expected server POOL NAME eject, enable or drain'],
    ] as const) {
      await assert.rejects(askAdmin(admin, ['server', ...words].join(' ')), { message: error });
    }
    for (const name of ['s1', 's2']) await order(admin, 'alpha', name, 'eject');
    await assert.rejects(client.text('GET', 'k'), 'no server is left in the ring');
    client.close();
    await ringway.stop();
  });
});
