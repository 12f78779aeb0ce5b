import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CLI, runCli } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { poolFile, startChild } from '../support/ringway.ts';
import { underWay } from '../support/under-way.ts';
import { delay, waitFor } from '../support/wait.ts';

interface Golden {
  files: Record<string, string>;
  cases: [argv: string[], status: number, stderr: string][];
}

const golden: Golden = JSON.parse(readFileSync('test/golden/cli.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'ringway-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the program as nutcracker was recorded', () => {
  before(() => {
    for (const [name, text] of Object.entries(golden.files)) {
      writeFileSync(join(folder, name), text);
    }
  });

  // What is printed is compared in command-line.test.ts; here: status, streams, a real process.
  const seen = new Set<string>();
  for (const [argv, status, stderr] of golden.cases) {
    const kind = `${status} ${stderr.split('\n')[0]}`;
    if (seen.has(kind)) continue;
    seen.add(kind);
    const stream = status === 0 && stderr.includes('<usage>') ? 'stdout' : 'stderr';
    test(`${JSON.stringify(argv)} exits with ${status} and prints to ${stream} only`, async () => {
      const result = await runCli(argv, { cwd: folder });
      assert.equal(result.status, status);
      assert.equal(result[stream === 'stdout' ? 'stderr' : 'stdout'], '');
      assert.notEqual(result[stream], '');
    });
  }

  test('a log file that cannot be opened ends it before it goes into the background', async () => {
    const result = await runCli(['-d', '-o', '/nowhere/at/all.log', '-c', 'OK.yml'], {
      cwd: folder,
    });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /^ringway: opening log file '\/nowhere\/at\/all\.log' failed: /);
  });

  test('without a file, and none where it is looked for, it says how to name one', async () => {
    const bare = mkdtempSync(join(folder, 'bare-'));
    const result = await runCli(['-s', String(await freePort()), '-a', '127.0.0.1'], { cwd: bare });
    assert.equal(result.status, 1);
    assert.match(
      result.stderr,
      /conf\/nutcracker\.yml: cannot be read: ENOENT.*; -c FILE names another$/m,
    );
  });

  test('a pid file that cannot be written ends it', async () => {
    const result = await runCli(['-p', '/nowhere/at/all.pid', '-c', 'OK.yml'], { cwd: folder });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /writing pid file '\/nowhere\/at\/all\.pid' failed/);
  });

  test('a broken configuration removes the pid file, and a daemon tells only the log', async () => {
    const pid = join(folder, 'broken.pid');
    const log = join(folder, 'broken.log');
    const direct = await runCli(['-p', pid, '-c', 'BAD.yml'], { cwd: folder });
    assert.equal(direct.status, 1);
    assert.match(direct.stderr, /BAD\.yml:3:3: alpha\.foo: /);
    assert.equal(existsSync(pid), false);
    const daemon = await runCli(['-d', '-p', pid, '-o', log, '-c', 'BAD.yml'], { cwd: folder });
    assert.deepEqual([daemon.status, daemon.stdout, daemon.stderr], [0, '', '']);
    await waitFor('the log', () => readFileSync(log, 'utf8').includes('alpha.foo'));
    await waitFor('the pid file to be gone', () => !existsSync(pid));
  });
});

describe('in the background', () => {
  let redis: RealServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());

  test('it writes its pid, serves, keeps its folder, and drains on TERM', async () => {
    const { text, ports } = await poolFile([{ servers: [`127.0.0.1:${redis.port}`] }]);
    writeFileSync(join(folder, 'daemon.yml'), text);
    const stats = String(await freePort());
    const args = ['-d', '-c', 'daemon.yml', '-o', 'daemon.log', '-p', 'daemon.pid'];
    const started = await runCli([...args, '-s', stats, '-a', '127.0.0.1', '--http-addr', 'off'], {
      cwd: folder,
    });
    assert.deepEqual([started.status, started.stdout, started.stderr], [0, '', '']);
    const log = (): string => readFileSync(join(folder, 'daemon.log'), 'utf8');
    await waitFor('the daemon', () => log().includes('] ready: '));
    const pidText = readFileSync(join(folder, 'daemon.pid'), 'latin1');
    assert.match(pidText, /^\d+$/);
    assert.equal(statSync(join(folder, 'daemon.pid')).mode & 0o777, 0o644);
    const pid = Number(pidText);
    try {
      // A session of its own, nothing of this terminal, /dev/null for the three streams.
      const [, , , , session, tty] = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /, 'x x ')
        .split(' ');
      assert.notEqual(session, '0');
      assert.equal(Number(tty) > 0 ? pid : Number(session), Number(session));
      assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), /^Umask:\s+0000$/m);
      const client = await RespClient.open(ports[0]);
      assert.equal(await client.text('SET', 'a', '1'), 'OK');
      client.close();
      process.kill(pid, 'SIGTERM');
      await waitFor('the daemon to end', () => !isAlive(pid));
    } finally {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    assert.match(log(), /signal 15 \(SIGTERM\) received, exiting/);
    assert.match(log(), /\] done$/m);
    assert.equal(existsSync(join(folder, 'daemon.pid')), true, 'as nutcracker leaves it');
  });
});

describe('signals', () => {
  let redis: RealServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());
  const servers = (): string[] => [`127.0.0.1:${redis.port}`];

  test('TTIN and TTOU change the log level, up to 11 and down to 0', async () => {
    const ringway = await startChild({ servers: servers() }, { args: ['-v', '9'] });
    const send = async (signal: NodeJS.Signals, line: string): Promise<void> => {
      const before = ringway.log.length;
      ringway.kill(signal);
      await waitFor(line, () => ringway.log.slice(before).some((text) => text.includes(line)));
    };
    await send('SIGTTIN', 'up log level to 10');
    await send('SIGTTIN', 'up log level to 11');
    await send('SIGTTIN', 'signal 21 (SIGTTIN) received, up logging level');
    for (let level = 10; level >= 5; level--) await send('SIGTTOU', `down log level to ${level}`);
    const lines = ringway.log.length;
    for (let i = 0; i < 8; i++) {
      ringway.kill('SIGTTOU');
      await delay(50);
    }
    await delay(500);
    const silent = ringway.log.length;
    assert.ok(silent - lines <= 2, ringway.log.slice(lines).join('\n'));
    ringway.kill('SIGTERM');
    assert.equal(await ringway.gone(), 0);
    assert.equal(ringway.log.length, silent, 'nothing is told at level 0');
  });

  test('HUP opens the log file anew', async () => {
    const log = join(folder, 'hup.log');
    const { text } = await poolFile([{ servers: servers() }]);
    writeFileSync(join(folder, 'hup.yml'), text);
    const stats = String(await freePort());
    const child = spawn(
      process.execPath,
      [CLI, '-c', 'hup.yml', '-o', log, '-s', stats, '-a', '127.0.0.1', '--http-addr', 'off'],
      { cwd: folder, stdio: 'ignore' },
    );
    const gone = endOf(child);
    await waitFor('ringway', () => readFileSync(log, 'utf8').includes('] ready: '));
    renameSync(log, `${log}.1`);
    child.kill('SIGHUP');
    await waitFor('the new log', () => readFileSync(log, 'utf8').includes('log file opened anew'));
    assert.match(readFileSync(`${log}.1`, 'utf8'), /signal 1 \(SIGHUP\) received/);
    child.kill('SIGTERM');
    await gone();
    assert.match(readFileSync(log, 'utf8'), /SIGTERM/);
  });

  test('USR1 opens no debugger', async () => {
    const ringway = await startChild({ servers: servers() });
    ringway.kill('SIGUSR1');
    await waitFor('it', () => ringway.log.some((line) => line.includes('signal 10 (SIGUSR1)')));
    await delay(200);
    assert.ok(!ringway.log.some((line) => /Debugger/.test(line)), ringway.log.join('\n'));
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.text('PING'), 'PONG');
    client.close();
    await ringway.stop();
  });

  for (const [signal, status] of [
    ['SIGTERM', 0],
    ['SIGINT', 1],
  ] as const) {
    test(`${signal} answers what is in flight and exits with ${status}`, async () => {
      const args = ['--drain-ms', '60000'];
      const ringway = await startChild({ servers: servers() }, { args });
      const client = await RespClient.open(ringway.port);
      await client.text('SET', 'key', 'value');
      const script = 'local t = redis.call("TIME") while redis.call("TIME")[1] - t[1] < 2 do end';
      const slow = client.command('EVAL', `${script} return "late"`, '1', 'key');
      await underWay(ringway.statsPort, 1);
      ringway.kill(signal);
      assert.equal(String(await slow), 'late');
      assert.equal(await ringway.gone(), status);
    });

    test(`${signal} waits no longer than --drain-ms`, async () => {
      const ringway = await startChild({ servers: servers() }, { args: ['--drain-ms', '100'] });
      const client = await RespClient.open(ringway.port);
      const blocked = client.command('EVAL', 'while true do end', '1', 'a').catch(() => 'lost');
      await underWay(ringway.statsPort, 1);
      ringway.kill(signal);
      // The script never ends: whoever waited for its reply would be here for ever.
      assert.equal(await ringway.gone(), status);
      assert.ok(ringway.log.some((line) => line.includes('draining for at most 100 ms')));
      assert.equal(await blocked, 'lost');
      const direct = await RespClient.open(redis.port);
      await direct.command('SCRIPT', 'KILL');
      direct.close();
    });
  }

  test('a second signal ends it at once', async () => {
    const ringway = await startChild({ servers: servers() }, { args: ['--drain-ms', '60000'] });
    const client = await RespClient.open(ringway.port);
    const blocked = client.command('EVAL', 'while true do end', '1', 'a').catch(() => 'lost');
    await underWay(ringway.statsPort, 1);
    ringway.kill('SIGTERM');
    await waitFor('draining', () => ringway.log.some((line) => line.includes('draining for')));
    ringway.kill('SIGTERM');
    assert.equal(await ringway.gone(), 0);
    await blocked;
    const direct = await RespClient.open(redis.port);
    await direct.command('SCRIPT', 'KILL');
    direct.close();
  });
});
