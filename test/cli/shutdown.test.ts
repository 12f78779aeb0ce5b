import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { CLI, runCli } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, poolFile, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-shutdown-'));
let redis: RealServer;
before(async () => {
  redis = await startRedis();
});
after(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

const IS_FIRST = "Object.defineProperty(process, 'pid', { value: 1 })";
const BY_ITS_WORD = `--import=data:text/javascript,${encodeURIComponent(IS_FIRST)}`;
const OWN_NAMESPACE = ['unshare', '-Urpf', '--kill-child'];

/** Whether this machine lets anybody have a process namespace, as a container does: many do not. */
function hasNamespaces(): boolean {
  const [program, ...args] = [...OWN_NAMESPACE, process.execPath, '-e', '0'];
  return spawnSync(program, args).status === 0;
}

/** Programs that are process 1: one that believes it, and where that can be had one that is. */
const FIRST_PROCESSES: readonly (readonly [how: string, command: readonly string[]])[] = [
  ['by its word', [process.execPath, BY_ITS_WORD]],
  ...(hasNamespaces() ? [['really', [...OWN_NAMESPACE, process.execPath]] as const] : []),
];

interface Running {
  readonly ringway: ChildRingway;
  readonly http: number;
  readonly admin: string;
}

async function start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const http = await freePort();
  const admin = join(folder, `${http}.sock`);
  const more = ['--http-addr', String(http), '--admin-socket', admin, ...args];
  const servers = [`127.0.0.1:${redis.port}:1 s1`];
  const ringway = await startChild({ servers }, { args: more, env });
  return { ringway, http, admin };
}

function ask(port: number, path: string): Promise<[status: number, body: string]> {
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve([response.statusCode ?? 0, body]));
    });
    sent.on('error', reject);
  });
}

const READY = [200, 'ready\n'];
const UNREADY = [503, 'unready\n'];
const DRAINING = [503, 'draining\n'];

async function pings(port: number): Promise<void> {
  const client = await RespClient.open(port);
  assert.equal(await client.text('PING'), 'PONG');
  client.close();
}

function told(ringway: ChildRingway, text: string | RegExp): boolean {
  return ringway.log.some((line) => line.search(text) >= 0);
}

for (const workers of ['1', '2']) {
  describe(`the end of a proxy, --workers ${workers}`, () => {
    test('unready at once, it serves on for --shutdown-delay-ms, then it drains', async () => {
      const { ringway, http } = await start(['--shutdown-delay-ms=1500', '--workers', workers]);
      const old = await RespClient.open(ringway.port);
      assert.equal(await old.text('SET', 'k', 'v'), 'OK');
      const asked = performance.now();
      ringway.kill('SIGTERM');
      await waitFor('503', async () => (await ask(http, '/readyz'))[0] === 503);
      assert.deepEqual(await ask(http, '/readyz'), DRAINING);
      assert.deepEqual(await ask(http, '/healthz'), [200, 'ok\n']);
      await pings(ringway.port);
      assert.equal(String(await old.command('GET', 'k')), 'v');
      assert.equal(await ringway.gone(), 0);
      assert.ok(performance.now() - asked >= 1500);
      assert.ok(told(ringway, 'unready; serving on for 1500 ms'));
      assert.ok(old.ended);
    });

    test('ctl unready holds until ctl ready, over reloads, restarts and upgrades', async () => {
      const { ringway, http, admin } = await start(['--workers', workers]);
      assert.deepEqual(await ask(http, '/readyz'), READY);
      const ctl = (command: string) => runCli(['ctl', `--admin-socket=${admin}`, command]);
      assert.deepEqual(JSON.parse((await ctl('unready')).stdout), { ok: true, ready: false });
      assert.deepEqual(await ask(http, '/readyz'), UNREADY);
      await pings(ringway.port);
      await askAdmin(admin, 'reload');
      assert.deepEqual(await ask(http, '/readyz'), UNREADY);
      if (workers !== '1') await askAdmin(admin, 'restart');
      assert.deepEqual(await ask(http, '/readyz'), UNREADY);
      const { pid } = await askAdmin(admin, 'upgrade');
      await waitFor('the end of the first', () => ringway.child.exitCode === 0);
      assert.deepEqual(await ask(http, '/readyz'), UNREADY, 'the next process is unready, too');
      const { status } = (await askAdmin(admin, 'status')) as { status: { state: string } };
      assert.equal(status.state, 'unready');
      await pings(ringway.port);
      assert.deepEqual(JSON.parse((await ctl('ready')).stdout), { ok: true, ready: true });
      assert.deepEqual(await ask(http, '/readyz'), READY);
      process.kill(pid as number, 'SIGTERM');
      await waitFor('its end', async () => {
        return await ask(http, '/readyz').then(
          () => false,
          () => true,
        );
      });
    });
  });
}

describe('a second signal', () => {
  for (const [first, second, status] of [
    ['SIGTERM', 'SIGINT', 1],
    ['SIGINT', 'SIGTERM', 0],
  ] as const) {
    test(`${second} behind ${first} ends it at once`, async () => {
      const { ringway, http } = await start(['--shutdown-delay-ms=60000']);
      ringway.kill(first);
      await waitFor('503', async () => (await ask(http, '/readyz'))[0] === 503);
      ringway.kill(second);
      assert.equal(await ringway.gone(), status);
    });
  }
});

describe('a process that must not be replaced', () => {
  async function refuses({ ringway, admin }: Running, why: RegExp): Promise<void> {
    ringway.kill('SIGUSR2');
    await waitFor('the refusal', () => told(ringway, why));
    await assert.rejects(askAdmin(admin, 'upgrade'), why);
    await delay(100);
    assert.ok(!told(ringway, 'starting the next process'));
    await pings(ringway.port);
    await ringway.stop();
  }

  test('--no-upgrade: USR2 and upgrade are refused, and it serves on', async () => {
    await refuses(await start(['--no-upgrade']), /no other process takes over: --no-upgrade/);
  });

  for (const [how, command] of FIRST_PROCESSES) {
    test(`process 1 of a container: the same, ${how}`, async () => {
      const admin = join(folder, `one-${how}.sock`);
      const stats = String(await freePort());
      const { text, ports } = await poolFile([{ servers: [`127.0.0.1:${redis.port}:1 s1`] }]);
      const file = join(folder, `one-${how}.yml`);
      writeFileSync(file, text);
      const args = [CLI, '-c', file, '-s', stats, '--http-addr=off', '--admin-socket', admin];
      const [program, ...before] = command;
      const child = spawn(program, [...before, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      let log = '';
      child.stderr.on('data', (chunk) => {
        log += chunk;
      });
      const gone = endOf(child);
      await waitFor('ringway', () => log.includes('] ready: '));
      assert.match(log, /started on pid 1$/m);
      await assert.rejects(askAdmin(admin, 'upgrade'), /takes over: this is process 1/);
      await pings(ports[0]);
      await askAdmin(admin, 'drain');
      await gone();
      assert.match(log, /no other process takes over: this is process 1/);
    });
  }
});

describe('systemd', () => {
  test('knows the next process before the old one ends', async () => {
    const calls = join(folder, 'calls');
    const notify = join(folder, 'systemd-notify');
    // Slow: the old process could be gone by then.
    writeFileSync(notify, `#!/bin/sh\nsleep 0.5; echo "$@" >> ${calls}\n`);
    chmodSync(notify, 0o755);
    const env = { PATH: `${folder}:${process.env['PATH']}`, NOTIFY_SOCKET: join(folder, 'none') };
    const { ringway, admin } = await start([], env);
    const { pid } = await askAdmin(admin, 'upgrade');
    const known = (): string => readFileSync(calls, 'utf8');
    assert.match(known(), new RegExp(`--pid=${pid} READY=1`));
    await waitFor('the end of the first', () => ringway.child.exitCode === 0);
    assert.doesNotMatch(known(), /STOPPING/);
    process.kill(pid as number, 'SIGTERM');
    await waitFor('STOPPING', () => known().includes(`--pid=${pid} STOPPING=1`));
  });

  test('is told again who the main process is when an upgrade fails', async () => {
    const calls = join(folder, 'calls-2');
    const notify = join(folder, 'systemd-notify');
    writeFileSync(notify, `#!/bin/sh\necho "$@" >> ${calls}\n`);
    chmodSync(notify, 0o755);
    const env = { PATH: `${folder}:${process.env['PATH']}`, NOTIFY_SOCKET: join(folder, 'none') };
    const { ringway, admin } = await start([], env);
    writeFileSync(ringway.file, 'alpha: [');
    await assert.rejects(askAdmin(admin, 'upgrade'), /ended with status 1/);
    await waitFor('it', () => {
      const lines = readFileSync(calls, 'utf8').trim().split('\n');
      return lines.filter((line) => line.startsWith(`--pid=${ringway.pid} READY=1`)).length === 2;
    });
    await ringway.stop();
  });
});
