import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import {
  ensureDebianPackage,
  findBinary,
  type RealServer,
  startRedisSet,
} from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { ROOT } from '../support/source-tree.ts';
import { delay, waitFor } from '../support/wait.ts';

const KEYS = 300;
const RINGWAY = `${process.execPath} ${join(ROOT, 'build/cli/ringway.js')} --http-addr off`;

describe('a nutcracker in service is swapped for ringway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-swap-'));
  const pidFile = join(folder, 'proxy.pid');
  let servers: RealServer[];
  let port: number;
  let flags: string[];
  let statsPort: number;

  before(async () => {
    if (findBinary(['nutcracker']) === undefined) ensureDebianPackage('nutcracker');
    servers = await startRedisSet(4);
    [port, statsPort] = [await freePort(), await freePort()];
    const lines = servers.map((server, i) => `   - 127.0.0.1:${server.port}:1 s${i}\n`).join('');
    const file = join(folder, 'nutcracker.yml');
    writeFileSync(
      file,
      `p:\n  listen: 127.0.0.1:${port}\n  redis: true\n  timeout: 2000\n  servers:\n${lines}`,
    );
    const log = join(folder, 'proxy.log');
    flags = ['-c', file, '-o', log, '-s', String(statsPort), '-a', '127.0.0.1', '-v', '5'];
    spawnSync('nutcracker', ['-d', '-p', pidFile, ...flags]);
    await serves();
  });
  after(async () => {
    if (existsSync(pidFile)) process.kill(pid(), 'SIGTERM');
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true });
  });

  const pid = (): number => Number(readFileSync(pidFile, 'latin1'));

  const serves = (): Promise<boolean> =>
    waitFor('the proxy to answer', async () => {
      const client = await RespClient.open(port);
      const answer = String(await client.command('PING'));
      client.close();
      return answer === 'PONG';
    });

  /** The keys that each server holds. */
  async function held(): Promise<string[][]> {
    return Promise.all(
      servers.map(async (server) => {
        const client = await RespClient.open(server.port);
        const keys = (await client.command('KEYS', '*')) as Buffer[];
        client.close();
        return keys.map(String).sort();
      }),
    );
  }

  /** Names in the stats, in order: of the process, the pool and a server. */
  function names(): Promise<string[]> {
    return new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(statsPort, '127.0.0.1');
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', reject);
      socket.on('end', () => {
        const stats = JSON.parse(text);
        const pool = { ...stats.p };
        resolve([...Object.keys(stats), ...Object.keys(pool), ...Object.keys(pool.s0)]);
      });
    });
  }

  async function writeAll(value: string): Promise<void> {
    const client = await RespClient.open(port);
    for (let i = 0; i < KEYS; i++) {
      assert.equal(String(await client.command('SET', `key:${i}`, `key:${i}=${value}`)), 'OK');
    }
    client.close();
  }

  /** Clients that read until they are told to stop, and connect again when they are cut off. */
  function load(): () => Promise<{ right: number; wrong: string[] }> {
    let running = true;
    let right = 0;
    const wrong: string[] = [];
    const work = Array.from({ length: 6 }, async (_, c) => {
      let client: RespClient | null = null;
      for (let i = c; running; i = (i + 7) % KEYS) {
        try {
          client ??= await RespClient.open({ port, timeoutMs: 3000 });
          const value = String(await client.command('GET', `key:${i}`));
          if (value.startsWith(`key:${i}=`)) right++;
          else wrong.push(value);
        } catch {
          client?.close(); // cut off by the swap, as by any restart
          client = null;
          await delay(10);
        }
      }
      client?.close();
    });
    return async () => {
      running = false;
      await Promise.all(work);
      return { right, wrong };
    };
  }

  /** Runs the script while everything else goes on. */
  async function swap(from: string, to: string): Promise<void> {
    const env = { ...process.env, FROM: from, TO: to };
    const script = spawn(join(ROOT, 'packaging/swap.sh'), [pidFile, ...flags], {
      env,
      stdio: 'ignore',
    });
    assert.equal(await endOf(script)(), 0);
  }

  test('same file, flags and pid file, under load: same servers, same stats; and back', async (t) => {
    await writeAll('nutcracker');
    const before = { held: await held(), names: await names(), pid: pid() };
    const stop = load();
    t.after(stop);
    await delay(300);
    await swap('nutcracker', RINGWAY);
    await serves();
    await delay(300);
    const { right, wrong } = await stop();
    assert.deepEqual(wrong, []);
    assert.ok(right > 100, `${right} right`);
    assert.notEqual(pid(), before.pid);
    await writeAll('ringway');
    assert.deepEqual(await held(), before.held, 'each key stays on its server');
    assert.deepEqual(await names(), before.names);
    await swap(RINGWAY, 'nutcracker');
    await serves();
    await writeAll('back');
    assert.deepEqual(await held(), before.held);
  });

  test('one that ends at once leaves the old program serving again', async () => {
    const ends = join(folder, 'ends');
    writeFileSync(ends, '#!/bin/sh\n[ "$1" = -t ] && exit 0\nexit 3\n', { mode: 0o755 });
    const before = pid();
    const env = { ...process.env, FROM: 'nutcracker', TO: ends };
    const script = join(ROOT, 'packaging/swap.sh');
    const done = spawnSync(script, [pidFile, ...flags], { env, encoding: 'utf8' });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /did not stay up.*nutcracker is started again/s);
    await serves();
    assert.notEqual(pid(), before);
  });

  test('a file that ringway refuses changes nothing', async () => {
    const file = flags[1];
    const good = readFileSync(file, 'utf8');
    const serving = pid();
    writeFileSync(file, good.replace('redis: true', 'redis: perhaps'));
    const env = { ...process.env, FROM: 'nutcracker', TO: RINGWAY };
    const script = join(ROOT, 'packaging/swap.sh');
    const done = spawnSync(script, [pidFile, ...flags], { env, encoding: 'utf8' });
    writeFileSync(file, good);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /redis.*perhaps|nothing was changed/s);
    assert.equal(pid(), serving);
    await serves();
  });
});
