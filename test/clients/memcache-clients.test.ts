import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ensurePackages } from '../memcache/debian-packages.ts';
import { type RealServer, startMemcached } from '../support/real-servers.ts';
import { startChild, type TestRingway } from '../support/ringway.ts';
import { ROOT } from '../support/source-tree.ts';

// Real clients with their default options, before ringway and four memcached servers.

// Debian's modules belong to Debian's Python, which need not be the first on the PATH.
const PYTHON = '/usr/bin/python3';
const execute = promisify(execFile);

let servers: RealServer[] = [];
let ringway: TestRingway;
/** The same servers with `flush_all: true`. */
let flushing: TestRingway;
let folder = '';

before(async () => {
  ensurePackages([
    { packages: ['python3-pymemcache'], check: [PYTHON, '-c', 'import pymemcache'] },
    { packages: ['python3-pylibmc'], check: [PYTHON, '-c', 'import pylibmc'] },
    { packages: ['php-cli', 'php-memcached'], check: ['php', '-r', 'new Memcached();'] },
    { packages: ['libmemcached-tools'], check: ['sh', '-c', 'command -v memccapable'] },
  ]);
  folder = mkdtempSync(join(tmpdir(), 'ringway-clients-'));
  servers = await Promise.all(Array.from({ length: 4 }, () => startMemcached()));
  const lines = servers.map(({ port }, i) => `127.0.0.1:${port}:1 mc${i + 1}`);
  ringway = await startChild({ redis: false, timeout: 5000, servers: lines });
  flushing = await startChild({ redis: false, timeout: 5000, flush_all: true, servers: lines });
});
after(async () => {
  await Promise.all([ringway, flushing, ...servers].map((each) => each?.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function runScript(command: string, script: string): Promise<void> {
  const path = join(ROOT, 'test/clients', script);
  const { stdout } = await execute(command, [path, String(ringway.port)]).catch((error) => {
    throw new Error(`${script} failed:\n${error.stdout}${error.stderr}`);
  });
  assert.equal(stdout, 'ok\n');
}

/** One of libmemcached's tools. @returns what it prints */
async function tool(name: string, ...args: string[]): Promise<string> {
  const server = `--servers=127.0.0.1:${ringway.port}`;
  return (await execute(name, [server, ...args], { encoding: 'latin1', maxBuffer: 1 << 24 }))
    .stdout;
}

test('pymemcache', () => runScript(PYTHON, 'memcache-pymemcache.py'));
test('pylibmc', () => runScript(PYTHON, 'memcache-pylibmc.py'));

test('php-memcached, and its binary protocol is refused with a line in the log', async () => {
  await runScript('php', 'memcache-php.php');
  const line =
    /client 127\.0\.0\.1:\d+ speaks memcached's binary protocol .*: switch it to the text/;
  assert.ok(ringway.log.some((each) => line.test(each)));
});

describe('memcached of npm', () => {
  // It has no types.
  type Call = (...args: unknown[]) => void;
  const Memcached = createRequire(import.meta.url)('memcached') as new (
    server: string,
  ) => Record<string, Call>;
  let client: Record<string, Call>;
  before(() => {
    client = new Memcached(`127.0.0.1:${ringway.port}`);
  });
  after(() => client.end());

  function call(name: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      client[name](...args, (error: unknown, result: unknown) => {
        if (error === undefined || error === null) resolve(result);
        else reject(error);
      });
    });
  }

  test('values of 0 B to 1 MB', async () => {
    for (const size of [0, 1, 1000, 100_000, 1_000_000]) {
      // The client itself refuses 1 MB of binary: it counts the bytes of its text in UTF-8.
      const value = size < 1_000_000 ? randomBytes(size) : 'x'.repeat(size);
      assert.equal(await call('set', `js${size}`, value, 100), true);
      assert.deepEqual(await call('get', `js${size}`), value);
    }
  });

  test('1,000 keys at once', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `js-many${i}`);
    await Promise.all(keys.map((key, i) => call('set', key, `value ${i}`, 100)));
    const got = (await call('getMulti', keys)) as Record<string, string>;
    assert.deepEqual(
      keys.map((key) => got[key]),
      keys.map((_, i) => `value ${i}`),
    );
  });

  test('its other commands', async () => {
    await call('set', 'js-n', 5, 100);
    assert.equal(await call('incr', 'js-n', 3), 8);
    assert.equal(await call('decr', 'js-n', 1), 7);
    assert.equal(await call('touch', 'js-n', 50), true);
    const { cas } = (await call('gets', 'js-n')) as { cas: string };
    assert.equal(await call('cas', 'js-n', 'new', cas, 100), true);
    assert.equal(await call('append', 'js-n', '!'), true);
    assert.equal(await call('prepend', 'js-n', '?'), true);
    assert.equal(await call('get', 'js-n'), '?new!');
    assert.equal(await call('replace', 'js-n', 'x', 100), true);
    assert.equal(await call('del', 'js-n'), true);
    assert.equal(await call('get', 'js-n'), undefined);
    assert.equal(await call('add', 'js-n', 'x', 100), true);
    const [stats] = (await call('stats')) as Record<string, unknown>[];
    assert.equal(stats.pid, ringway.pid);
    const [version] = (await call('version')) as { version: string }[];
    assert.match(version.version, /^1\./);
  });
});

describe('tools of libmemcached', () => {
  // docs/memcached.md lists the cases that do not pass, and why.
  async function capabilities(port: number): Promise<string[]> {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-a'];
    const { stdout } = await execute('memccapable', args).catch((error) => error);
    const cases = [...stdout.matchAll(/ascii ([a-z ]+?) {2,}(\[pass\])?/g)];
    assert.equal(cases.length, 27);
    return cases.filter(([, , pass]) => pass === undefined).map(([, name]) => name);
  }

  // The first to run: without a flush it leaves keys behind that its next run stumbles over.
  test('memccapable -a fails where flush_all is refused, and nowhere else', async () => {
    assert.deepEqual(await capabilities(ringway.port), ['flush', 'flush noreply']);
  });

  test('memccapable -a passes in a pool with flush_all: true', async () => {
    assert.deepEqual(await capabilities(flushing.port), []);
  });

  test('memccp, memccat, memcexist, memctouch, memcrm, memcping, memcstat', async () => {
    const value = randomBytes(300_000);
    writeFileSync(join(folder, 'tool-file'), value);
    await tool('memccp', join(folder, 'tool-file'));
    const got = Buffer.from(await tool('memccat', 'tool-file'), 'latin1');
    assert.deepEqual(got.subarray(0, value.length), value);
    await tool('memcexist', 'tool-file');
    await tool('memctouch', '--expire=100', 'tool-file');
    await tool('memcping');
    assert.match(await tool('memcstat'), new RegExp(`pid: ${ringway.pid}\n`));
    await tool('memcrm', 'tool-file');
    await assert.rejects(tool('memccat', 'tool-file'));
  });

  test('memcslap', async () => {
    await tool('memcslap', '--concurrency=4', '--execute-number=200', '--test=get');
    await tool('memcslap', '--concurrency=4', '--execute-number=200', '--test=set');
    await tool('memcslap', '--concurrency=4', '--execute-number=20', '--test=mget');
  });

  test('memcexist --binary is refused', () => assert.rejects(tool('memcexist', '--binary', 'x')));
});
