import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import {
  type ChildRingway,
  type PoolSpec,
  poolFile,
  spawnRingway,
  startChild,
} from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-paths-'));
let redis: RealServer;
before(async () => {
  redis = await startRedis();
});
after(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

const OFF = ['--http-addr', 'off'];
const servers = (): string[] => [`127.0.0.1:${redis.port}:1 s1`];

async function start(listen: string, ...args: string[]): Promise<ChildRingway> {
  const ringway = await startChild({ listen, servers: servers() }, { args: [...OFF, ...args] });
  return ringway;
}

/** Runs one that cannot start. @returns its log */
async function startInVain(listen: string, ...args: string[]): Promise<string> {
  const file = await poolFile([{ listen, servers: servers() }]);
  const ringway = await spawnRingway(file, { args: [...OFF, ...args] });
  assert.equal(await ringway.gone(), 1);
  return ringway.log.join('\n');
}

async function pings(path: string): Promise<void> {
  const client = await RespClient.open({ path });
  assert.equal(await client.text('PING'), 'PONG');
  client.close();
}

function path(name: string): string {
  return join(folder, name);
}

describe('two ringways on one path', () => {
  test('of a pool: the second is refused and told why, the first serves on', async () => {
    const first = await start(path('pool'));
    const log = await startInVain(path('pool'));
    assert.match(
      log,
      /pool pool1 cannot listen on .*\/pool: .* another process listens there; stop/,
    );
    await pings(path('pool'));
    await first.stop();
    assert.equal(existsSync(path('pool')), false, 'a good end leaves no file');
  });

  test('of the admin socket: the same', async () => {
    const first = await start(path('a1'), '--admin-socket', path('admin'));
    const log = await startInVain(path('a2'), '--admin-socket', path('admin'));
    assert.match(log, /cannot serve the admin socket .* another process listens there/);
    assert.equal((await askAdmin(path('admin'), 'status'))['ok'], true);
    assert.equal(existsSync(path('a2')), false, 'a failed start leaves no file');
    await first.stop();
    assert.equal(existsSync(path('admin')), false);
  });

  test('whose file was removed: the end of the first leaves the file of the second', async () => {
    const first = await start(path('lost'), '--admin-socket', path('lost-admin'));
    rmSync(path('lost'));
    rmSync(path('lost-admin'));
    const second = await start(path('lost'), '--admin-socket', path('lost-admin'));
    await first.stop();
    await pings(path('lost'));
    assert.equal((await askAdmin(path('lost-admin'), 'status'))['ok'], true);
    await second.stop();
    assert.equal(existsSync(path('lost')), false);
  });

  test('after one that was killed the next one starts', async () => {
    const first = await start(path('killed'), '--admin-socket', path('killed-admin'));
    first.kill('SIGKILL');
    await first.gone();
    assert.ok(existsSync(path('killed')));
    const second = await start(path('killed'), '--admin-socket', path('killed-admin'));
    await pings(path('killed'));
    await second.stop();
  });

  test('ended by a second signal it leaves no file', async () => {
    const more = ['--shutdown-delay-ms', '60000', '--admin-socket', path('twice-admin')];
    const ringway = await start(path('twice'), ...more);
    ringway.kill('SIGTERM');
    await waitFor('the delay', () => ringway.log.some((line) => line.includes('serving on')));
    await pings(path('twice'));
    ringway.kill('SIGTERM');
    assert.equal(await ringway.gone(), 0);
    assert.deepEqual([existsSync(path('twice')), existsSync(path('twice-admin'))], [false, false]);
  });
});

describe('two ringways and one pid file', () => {
  test('a failed start gives the file back to the one that runs', async () => {
    const pidFile = path('pid');
    const first = await start(path('p1'), '-p', pidFile);
    await startInVain(path('p1'), '-p', pidFile);
    assert.equal(readFileSync(pidFile, 'latin1'), String(first.pid));
    await first.stop();
  });

  test('as with nutcracker, the last good start has the file, and a dead one is no hindrance', async () => {
    const pidFile = path('pid2');
    writeFileSync(pidFile, '4194304999');
    await startInVain('127.0.0.1:1:1', '-p', pidFile);
    assert.equal(existsSync(pidFile), false, 'what a failed start wrote is removed');
    const first = await start(path('p2'), '-p', pidFile);
    const second = await start(path('p3'), '-p', pidFile);
    assert.equal(readFileSync(pidFile, 'latin1'), String(second.pid));
    await first.stop();
    assert.equal(readFileSync(pidFile, 'latin1'), String(second.pid));
    await second.stop();
  });
});

describe('a path that changes hands on purpose', () => {
  for (const workers of ['1', '2']) {
    test(`upgrade with --workers ${workers}: the next process has it, and removes it at its end`, async () => {
      const [listen, admin] = [path(`up${workers}`), path(`up-admin${workers}`)];
      const ringway = await start(listen, '--admin-socket', admin, '--workers', workers);
      const { pid } = await askAdmin(admin, 'upgrade');
      // Its streams stay open: the next process has them.
      await waitFor('the end of the first', () => ringway.child.exitCode === 0);
      await pings(listen);
      assert.match(await startInVain(listen), /another process listens there/);
      process.kill(pid as number, 'SIGTERM');
      await waitFor('its end', () => !existsSync(listen) && !existsSync(admin));
    });
  }

  test('a next process that fails leaves it to the one that goes on', async () => {
    const [listen, admin] = [path('fail'), path('fail-admin')];
    const ringway = await start(listen, '--admin-socket', admin);
    writeFileSync(ringway.file, 'alpha: [');
    await assert.rejects(askAdmin(admin, 'upgrade'), /ended with status 1/);
    await pings(listen);
    const other = await poolFile([
      { listen, servers: servers() },
      { name: 'more', listen: '127.0.0.1:1', servers: servers() },
      { name: 'taken', listen: `127.0.0.1:${redis.port}`, servers: servers() },
    ]);
    writeFileSync(ringway.file, other.text);
    await assert.rejects(askAdmin(admin, 'upgrade'), /ended with status 1/);
    await pings(listen);
    assert.equal((await askAdmin(admin, 'status'))['ok'], true);
    await ringway.stop();
    assert.equal(existsSync(listen), false);
  });

  test('a reload that changes the mode keeps the path; one that fails changes nothing', async () => {
    const [listen, admin] = [path('mode'), path('mode-admin')];
    const ringway = await start(`${listen} 0600`, '--admin-socket', admin);
    const mode = (): string => (statSync(listen).mode & 0o777).toString(8);
    assert.equal(mode(), '600');
    const write = async (...pools: PoolSpec[]): Promise<void> => {
      const all = [{ listen: `${listen} 0660`, servers: servers() }, ...pools];
      writeFileSync(ringway.file, (await poolFile(all)).text);
    };
    await write({ name: 'taken', listen: `127.0.0.1:${redis.port}`, servers: servers() });
    await assert.rejects(askAdmin(admin, 'reload'), /already in use/);
    assert.equal(mode(), '600');
    await pings(listen);
    await write();
    await askAdmin(admin, 'reload');
    assert.equal(mode(), '660');
    await pings(listen);
    await ringway.stop();
    assert.equal(existsSync(listen), false);
  });

  test('a good start takes a stats port as before', async () => {
    const ringway = await start(`127.0.0.1:${await freePort()}`);
    const client = await RespClient.open(ringway.statsPort);
    assert.match((await client.readToEnd()).toString(), /^\{"service":"nutcracker"/);
    await ringway.stop();
  });
});
