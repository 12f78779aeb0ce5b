import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CLI } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { ensureDebianPackage, findBinary } from '../support/real-servers.ts';
import { poolFile } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// The files of packaging/ for a service, as they stand: only the folders are others.

const UNIT = readFileSync('packaging/systemd/ringway.service', 'utf8');
const LOGROTATE = readFileSync('packaging/logrotate/ringway', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'ringway-service-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, 'bin/ringway');
mkdirSync(join(folder, 'bin'));
writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
chmodSync(program, 0o755);

/** The unit's text with the paths of this test. */
function here(text: string): string {
  return text
    .replaceAll(/^(Exec\w+=)ringway /gm, `$1${program} `)
    .replaceAll('/etc/ringway', join(folder, 'etc'))
    .replaceAll('/run/ringway', join(folder, 'run'))
    .replaceAll('/var/log/ringway', join(folder, 'log'));
}

/** The value of a setting. */
function setting(name: string): string {
  const found = new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT);
  assert.ok(found !== null, name);
  return found[1];
}

/** A command line of the unit. */
function commandOf(name: string): string {
  return here(`${name}=${setting(name)}`).slice(name.length + 1);
}

/** Runs a command line of the unit; systemd's rules for words are a shell's here. */
function runs(name: string): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', commandOf(name)], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, text: stdout + stderr };
}

describe('the systemd unit', () => {
  test('systemd finds nothing wrong with it', () => {
    if (findBinary(['systemd-analyze']) === undefined) ensureDebianPackage('systemd');
    for (const name of ['ringway.service', 'ringway.socket']) {
      writeFileSync(join(folder, name), here(readFileSync(`packaging/systemd/${name}`, 'utf8')));
    }
    const files = ['ringway.service', 'ringway.socket'].map((name) => join(folder, name));
    const args = ['verify', '--man=no', ...files];
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    // What other units of the machine look like is not its matter.
    const about = (stdout + stderr).split('\n').filter((line) => line.includes('ringway'));
    assert.deepEqual([status, about], [0, []], stdout + stderr);
  });

  test('its commands start it, reload a good file, refuse a broken one, and stop it', async () => {
    for (const name of ['etc', 'run', 'log']) mkdirSync(join(folder, name), { recursive: true });
    const file = join(folder, 'etc/ringway.yml');
    const { text } = await poolFile([{ name: 'alpha', servers: ['127.0.0.1:1'] }]);
    const ports = ` -s ${await freePort()} --http-addr=off`;
    writeFileSync(file, text);
    assert.equal(runs('ExecStartPre').status, 0);
    const log: string[] = [];
    const start = commandOf('ExecStart') + ports;
    const child: ChildProcess = spawn('sh', ['-c', `exec ${start}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.on('data', (chunk: Buffer) => void log.push(String(chunk)));
    const gone = endOf(child);
    try {
      await waitFor('it', () => log.join('').includes('] ready: '));
      const same = runs('ExecReload');
      assert.equal(same.status, 0, same.text);
      writeFileSync(file, text.replace('127.0.0.1:1:1', '127.0.0.1:2:1'));
      const good = runs('ExecReload');
      assert.equal(good.status, 0, good.text);
      writeFileSync(file, text.replace('  redis:', '  foo: 1\n  redis:'));
      const broken = runs('ExecReload');
      assert.equal(broken.status, 1, broken.text);
      assert.match(broken.text, /ringway\.yml:\d+:3: alpha\.foo/);
      assert.equal(runs('ExecStartPre').status, 1);
      await waitFor('the log', () => log.join('').includes('the last good one stays in use'));
      assert.equal(child.exitCode, null, 'it goes on');
    } finally {
      child.kill(setting('KillSignal') as NodeJS.Signals);
    }
    assert.equal(await gone(), 0);
    assert.equal(runs('ExecReload').status, 1, 'nobody is there to reload');
  });

  test('names the user and the folders that its commands need', () => {
    for (const name of ['User', 'Group', 'RuntimeDirectory', 'LogsDirectory']) {
      assert.equal(setting(name), 'ringway');
    }
    assert.match(UNIT, /^# {3}useradd --system .* ringway$/m);
    for (const name of ['ExecStartPre', 'ExecStart', 'ExecReload']) {
      assert.match(
        setting(name),
        /^ringway /,
        'npm has it in /usr/bin here, in /usr/local/bin there',
      );
    }
    assert.match(setting('ExecReload'), /--admin-socket=\/run\/ringway\/admin\.sock reload$/);
    assert.match(setting('ExecStart'), /--admin-socket=\/run\/ringway\/admin\.sock/);
  });
});

describe('the log is rotated', () => {
  /** A ringway that logs to a file. */
  async function started(args: readonly string[], check: (its: Started) => Promise<void>) {
    const file = join(folder, 'rotated.yml');
    const { text } = await poolFile([{ name: 'alpha', servers: ['127.0.0.1:1'] }]);
    writeFileSync(file, text);
    const log = join(folder, 'rotated.log');
    rmSync(log, { force: true });
    const all = [CLI, '-c', file, '-o', log, '-s', String(await freePort()), '--http-addr=off'];
    const child = spawn(process.execPath, [...all, ...args], { stdio: 'ignore' });
    const gone = endOf(child);
    try {
      await waitFor('it', () => textOf(log).includes('] ready: '));
      await check({ child, log, file });
    } finally {
      child.kill('SIGTERM');
      await gone();
    }
  }
  interface Started {
    readonly child: ChildProcess;
    readonly log: string;
    readonly file: string;
  }
  function textOf(file: string): string {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  }

  /** Moves the log away, sends the signal. @returns what stands in the new one */
  async function rotate({ child, log }: Started, signal: NodeJS.Signals): Promise<string> {
    renameSync(log, `${log}.1`);
    child.kill(signal);
    await waitFor('a new file', () => textOf(log).includes('log file opened anew'));
    // What a reload would say comes within its next turns.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return textOf(log);
  }

  test('by the signal of the logrotate file: a broken configuration is not even read', async () => {
    const found = /--signal=(\w+) ringway\.service$/m.exec(LOGROTATE);
    assert.equal(found?.[1], 'USR1');
    assert.doesNotMatch(LOGROTATE.replace(/^#.*$/gm, ''), /pid/, 'the unit writes no pid file');
    await started([], async (its) => {
      writeFileSync(its.file, 'half');
      assert.doesNotMatch(await rotate(its, 'SIGUSR1'), /reloaded|half|rotated\.yml/);
    });
  });

  test('by HUP: it reloads as well, with --hup=reopen it does not', async () => {
    await started([], async (its) => {
      assert.match(await rotate(its, 'SIGHUP'), /configuration reloaded/);
    });
    await started(['--hup=reopen'], async (its) => {
      writeFileSync(its.file, 'half');
      assert.doesNotMatch(await rotate(its, 'SIGHUP'), /reloaded/);
    });
  });
});
