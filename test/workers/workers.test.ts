import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { WORKER_CHANGE_MS } from '../../src/limits.ts';
import { freePort } from '../support/free-port.ts';
import { fill, PipelinedLoad } from '../support/pipelined-load.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, type PoolSpec, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

let redis: RealServer[] = [];

before(async () => {
  redis = await Promise.all([1, 2].map(() => startRedis()));
  await fill(redis);
});
after(async () => {
  await Promise.all(redis.map((server) => server.stop()));
});

function servers(): string[] {
  return redis.map(({ port }, i) => `127.0.0.1:${port}:1 s${i + 1}`);
}

type Running = ChildRingway & { readonly socket: string };

async function run(args: readonly string[], pool: Partial<PoolSpec> = {}): Promise<Running> {
  const socket = `/tmp/ringway-workers-${process.pid}-${await freePort()}.sock`;
  const more = ['--admin-socket', socket, '--http-addr', 'off', ...args];
  const ringway = await startChild({ servers: servers(), ...pool }, { args: more });
  return { ...ringway, socket };
}

interface Stats {
  readonly pool1: Record<string, number> & Record<'s1' | 's2', Record<string, number>>;
  readonly ringway: Record<string, number>;
}

async function statsOf(port: number): Promise<Stats> {
  const client = await RespClient.open(port);
  return JSON.parse((await client.readToEnd()).toString());
}

/** Process ids of the workers, oldest first, as the log tells. */
function workerPids(log: readonly string[]): number[] {
  return log.flatMap((line) => /worker \d+ serves, pid (\d+)/.exec(line)?.[1] ?? []).map(Number);
}

/**
 * Four clients ask while the servers stand still.
 * @returns lets the servers go on, and checks the answers
 */
async function askStoppedServers(port: number): Promise<() => Promise<void>> {
  const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(port)));
  for (const client of clients) await client.command('PING');
  for (const server of redis) server.kill('SIGSTOP');
  const asked = clients.map((client) => client.command('GET', 'key:3'));
  await delay(50);
  return async () => {
    for (const server of redis) server.kill('SIGCONT');
    for (const reply of await Promise.all(asked)) assert.match(String(reply), /^key:3@/);
  };
}

const NOTHING_WRONG = { wrong: 0, lost: 0, refused: 0, unanswered: 0, first: '' };

describe('workers', () => {
  test('both serve, and their counters sum to what the clients have counted', async () => {
    const ringway = await run(['--workers', '2', '--stats-own']);
    const options = { port: ringway.port, clients: 8, depth: 16, visitorsEveryMs: 5 };
    const load = new PipelinedLoad(options);
    await waitFor('some load', () => load.answered > 50_000, 120_000);
    await load.stop();
    assert.deepEqual(load.summary, NOTHING_WRONG);
    await waitFor('closed clients', async () => {
      return (await statsOf(ringway.statsPort)).pool1['client_connections'] === 0;
    });
    const { pool1, ringway: own } = await statsOf(ringway.statsPort);
    assert.equal(own['workers'], 2);
    assert.equal(pool1.s1['requests'] + pool1.s2['requests'], load.sent);
    assert.equal(pool1.s1['responses'] + pool1.s2['responses'], load.answered);
    assert.equal(pool1['client_eof'], options.clients + load.visitors);
    assert.equal(pool1['client_err'], 0);
    assert.equal(pool1.s1['server_connections'], 2, 'each worker has its own connections');
    const [a, b] = workerPids(ringway.log).map(cpuTicks);
    assert.ok(a > 0 && b > 0, `both have worked: ${a} and ${b} ticks`);
    await ringway.stop();
  });

  test('auto is one per core; the log tells the worker', async () => {
    const ringway = await run(['--workers', 'auto']);
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.command('PING'), 'PONG');
    client.close();
    await ringway.stop();
  });

  test('one that stands still does not keep the program from ending, and is killed', async (t) => {
    const ringway = await run(['--workers', '2', '--drain-ms', '100']);
    const [still, other] = workerPids(ringway.log);
    process.kill(still, 'SIGSTOP');
    t.after(() => isThere(still) && process.kill(still, 'SIGCONT'));
    ringway.kill('SIGTERM');
    await ringway.gone();
    assert.ok(ringway.log.some((line) => /did not leave well: .* has not answered/.test(line)));
    for (const pid of [still, other]) {
      await waitFor(`the end of ${pid}`, () => !isThere(pid));
    }
  });

  test('one that stands still keeps neither figures nor reloads waiting for ever', async (t) => {
    const ringway = await run(['--workers', '2']);
    const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
    for (const client of clients) await client.command('GET', 'key:1');
    const { pool1: before } = await statsOf(ringway.statsPort);
    const [still] = workerPids(ringway.log);
    process.kill(still, 'SIGSTOP');
    t.after(() => isThere(still) && process.kill(still, 'SIGCONT'));
    const reload = (): Promise<object> => askAdmin(ringway.socket, 'reload', 3 * WORKER_CHANGE_MS);
    const failed = assert.rejects(reload, /has not answered within/);
    for (let i = 0; i < 3; i++) {
      const { pool1 } = await statsOf(ringway.statsPort);
      assert.equal(pool1.s1['requests'], before.s1['requests']);
    }
    await failed;
    process.kill(still, 'SIGCONT');
    await reload();
    for (const client of clients) assert.match(String(await client.command('GET', 'key:1')), /@/);
    await waitFor('the figures to be new', async () => {
      const { pool1 } = await statsOf(ringway.statsPort);
      return pool1.s1['requests'] + pool1.s2['requests'] >= 8;
    });
    for (const client of clients) client.close();
    await ringway.stop();
  });

  test('a unix socket is shared like an address', async () => {
    const path = `/tmp/ringway-workers-${process.pid}-${await freePort()}.listen`;
    const ringway = await run(['--workers', '2'], { listen: `${path} 0600` });
    for (let i = 0; i < 4; i++) {
      const client = await RespClient.open({ path });
      assert.equal(String(await client.command('GET', 'key:7')).split('@')[0], 'key:7');
      client.close();
    }
    await ringway.stop();
    assert.throws(() => readFileSync(path), /ENOENT/);
  });

  test('one that crashes is replaced; its counts stay', async () => {
    const ringway = await run(['--workers', '2']);
    const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
    for (const client of clients) await client.command('GET', 'key:1');
    const before = await statsOf(ringway.statsPort);
    const [victim] = workerPids(ringway.log);
    process.kill(victim, 'SIGKILL');
    await waitFor('the third worker', () => workerPids(ringway.log).length === 3);
    assert.ok(ringway.log.some((line) => /worker \d ended with SIGKILL; replaced now/.test(line)));
    await waitFor(
      'its clients to be gone',
      () => clients.filter(({ ended }) => ended).length === 2,
    );
    for (let i = 0; i < 4; i++) {
      const client = await RespClient.open(ringway.port);
      assert.match(String(await client.command('GET', 'key:1')), /^key:1@/);
      client.close();
    }
    const { pool1 } = await statsOf(ringway.statsPort);
    const total = (stats: Stats['pool1']): number => stats.s1['requests'] + stats.s2['requests'];
    assert.equal(total(pool1), total(before.pool1) + 4);
    for (const client of clients) client.close();
    await ringway.stop();
  });

  test('SIGTERM lets all workers answer what is in flight', async () => {
    const ringway = await run(['--workers', '2']);
    const answered = await askStoppedServers(ringway.port);
    ringway.kill('SIGTERM');
    await waitFor('the drain', () => ringway.log.some((line) => line.includes('draining')));
    await answered();
    assert.equal(await ringway.gone(), 0);
    for (const pid of workerPids(ringway.log)) {
      await waitFor('the worker to be gone', () => !isRunning(pid));
    }
  });

  test('workers whose first process is killed answer what is in flight and end', async () => {
    const ringway = await run(['--workers', '2']);
    const answered = await askStoppedServers(ringway.port);
    ringway.kill('SIGKILL');
    await delay(50);
    await answered();
    for (const pid of workerPids(ringway.log)) {
      await waitFor('the worker to be gone', () => !isRunning(pid));
    }
  });

  test('a client limit does not refuse clients that only change their worker', async () => {
    const ringway = await run(['--workers', '2'], { client_connections: 4 });
    const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.port)));
    for (const client of clients) assert.equal(await client.command('PING'), 'PONG');
    const more = await RespClient.open(ringway.port);
    assert.match((await more.readToEnd()).toString(), /max number of clients/);
    await askAdmin(ringway.socket, 'restart');
    for (const client of clients) assert.equal(await client.command('PING'), 'PONG');
    for (const client of clients) client.close();
    await ringway.stop();
  });

  test('a rolling restart under load: no client notices', async () => {
    const ringway = await run(['--workers', '2']);
    const options = { port: ringway.port, clients: 8, depth: 16, visitorsEveryMs: 5 };
    const load = new PipelinedLoad(options);
    const named = await RespClient.open(ringway.port);
    await named.command('CLIENT', 'SETNAME', 'traveller');
    for (let i = 0; i < 2; i++) await askAdmin(ringway.socket, 'restart');
    const before = load.answered;
    await waitFor('more replies', () => load.answered > before + 1000);
    await load.stop();
    assert.deepEqual(load.summary, NOTHING_WRONG);
    assert.equal(String(await named.command('CLIENT', 'GETNAME')), 'traveller');
    named.close();
    const pids = workerPids(ringway.log);
    assert.equal(pids.length, 6);
    for (const pid of pids.slice(0, 4)) await waitFor('the old ones to end', () => !isRunning(pid));
    const { pool1 } = await statsOf(ringway.statsPort);
    assert.equal(pool1.s1['requests'] + pool1.s2['requests'], load.sent, 'no count is lost');
    assert.equal(pool1['client_err'], 0);
    await ringway.stop();
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** User and system time of a process. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
    return false;
  }
}
