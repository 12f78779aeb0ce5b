import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CLI, END_MS, type Finished, runCli } from '../support/command.ts';
import { endOf } from '../support/ending.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { waitFor } from '../support/wait.ts';

// Whatever a command is given, it says what is wrong in a line or two, and ends.

const folder = mkdtempSync(join(tmpdir(), 'ringway-odd-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command that fails; what it says is not what the engine says of an error nobody took. */
async function wrong(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runCli(args);
  assert.equal(status, 1, stdout + stderr);
  assert.match(stderr, /^ringway: /);
  assert.doesNotMatch(stderr, /^ {4}at |node:internal|TypeError/m);
  assert.ok(stderr.split('\n').length <= 3, stderr);
  return stderr;
}

/** Runs a line of a shell. */
function shell(line: string, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const program = `ringway() { '${process.execPath}' '${CLI}' "$@"; }`;
  const child = spawn('bash', ['-o', 'pipefail', '-c', `${program}; ${line}`], {
    env: { ...process.env, ...env },
    timeout: END_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

describe('files', () => {
  test('that are missing, folders, or no text', async () => {
    const none = join(folder, 'none.yml');
    const binary = join(folder, 'binary.yml');
    const good = join(folder, 'good.yml');
    mkdirSync(join(folder, 'sub'), { recursive: true });
    writeFileSync(binary, Buffer.from([0, 1, 2, 0xff, 0xfe]));
    writeFileSync(good, 'a:\n  listen: 127.0.0.1:1\n  servers:\n    - 127.0.0.1:2:1\n');
    for (const [file, reason] of [
      [none, /none\.yml.*(cannot be read|no such file)/],
      [join(folder, 'sub'), /sub.*(cannot be read|directory)/],
      [binary, /binary\.yml/],
    ] as const) {
      assert.match(await wrong('doctor', file), reason);
      assert.match(await wrong('explain', 'key', '-c', file), reason);
      assert.match(await wrong('check', good, file), reason);
    }
    assert.match(await wrong('check', good, `--keys=${none}`), /none\.yml/);
    assert.match(await wrong('bench', '1', `--password-file=${none}`), /--password-file: .*none/);
  });
});

describe('addresses', () => {
  let redis: RealServer;
  const socket = join(folder, 'redis.sock');
  before(async () => {
    redis = await startRedis({ args: ['--unixsocket', socket] });
  });
  after(() => redis?.stop());

  test('where nobody, or somebody else, answers top', async () => {
    const closed = `127.0.0.1:${await freePort()}`;
    assert.match(await wrong('top', `--http-addr=${closed}`), /no status from .*ECONNREFUSED/);
    assert.match(await wrong('top', `--http-addr=127.0.0.1:${redis.port}`), /no status from /);
    assert.match(await wrong('top', '--http-addr=nobody.invalid:1'), /no status from nobody/);
    for (const body of ['{}', 'null', '[]', '<html>', '{"pools":{}}']) {
      const server = createServer((_request, response) => response.end(body));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      assert.match(await wrong('top', `--http-addr=${at}`), /not a ringway status/, body);
      server.close();
    }
  });

  test('that are no admin socket', async () => {
    const file = join(folder, 'plain');
    writeFileSync(file, '');
    for (const [path, reason] of [
      [join(folder, 'nobody.sock'), /no answer from .*ENOENT/],
      [file, /no answer from .*(ECONNREFUSED|ENOTSOCK)/],
      [socket, /redis\.sock is no admin socket of ringway/],
    ] as const) {
      for (const args of [
        ['ctl', 'status'],
        ['top', '--once'],
      ]) {
        const said = await wrong(args[0], ...args.slice(1), `--admin-socket=${path}`);
        assert.match(said, reason);
      }
    }
  });
});

describe('a reader of the output', () => {
  test('that has enough after a line gets it, and nobody is told of an error', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `    - 127.0.0.1:${i + 1}:1 server-${i}\n`);
    const file = join(folder, 'many.yml');
    writeFileSync(file, `a:\n  listen: 127.0.0.1:1\n  servers:\n${many.join('')}`);
    for (const line of [
      `ringway check ${file}`,
      `ringway check ${file} --json`,
      'ringway --help',
    ]) {
      const { stdout, stderr } = await shell(`${line} | head -n 1`);
      assert.equal(stderr, '', line);
      assert.equal(stdout.split('\n').length, 2, line);
    }
  });

  test('that cannot take it is told, and the status says so', async () => {
    const { status, stderr } = await shell('ringway --help > /dev/full');
    assert.equal(status, 1);
    assert.match(stderr, /^ringway: cannot print: ENOSPC/);
  });
});

describe('an interrupted bench', () => {
  let redis: RealServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());

  function bench(...args: string[]): ChildProcess {
    const all = [CLI, 'bench', String(redis.port), '--rate=500', '--seconds=60', ...args];
    return spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function keysLeft(): Promise<number> {
    const client = await RespClient.open(redis.port);
    const count = (await client.command('DBSIZE')) as number;
    client.close();
    return count;
  }

  test('shows what it has measured, and takes its keys away', async () => {
    const child = bench('--keys=2000', '--json');
    let out = '';
    child.stdout?.on('data', (text) => {
      out += text;
    });
    const gone = endOf(child);
    const client = await RespClient.open(redis.port);
    await waitFor('some requests', async () => {
      const text = String(await client.command('INFO', 'commandstats'));
      return Number(/cmdstat_get:calls=(\d+)/.exec(text)?.[1] ?? 0) > 200;
    });
    client.close();
    child.kill('SIGINT');
    assert.equal(await gone(), 130);
    const figures = JSON.parse(out) as Record<string, number>;
    // The rate is that of the time it ran.
    assert.ok(figures['perSecond'] > 250 && figures['perSecond'] < 1000, out);
    assert.equal(await keysLeft(), 0);
  });

  test('in the middle of its preparations leaves nothing behind either', async () => {
    const child = bench('--keys=1000000', '--size=1000');
    const gone = endOf(child);
    await waitFor('some keys', async () => (await keysLeft()) > 500);
    child.kill('SIGINT');
    assert.equal(await gone(), 130);
    assert.equal(await keysLeft(), 0);
  });

  test('takes its keys away where nobody reads what it prints', async () => {
    const { stderr } = await shell(
      `ringway bench ${redis.port} --seconds=1 --rate=100 --keys=100 | head -n 0`,
    );
    assert.equal(stderr, '');
    assert.equal(await keysLeft(), 0);
  });
});
