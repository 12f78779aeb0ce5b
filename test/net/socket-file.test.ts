import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Listener, listen, listenAt } from '../../src/net/listener.ts';
import { fileIdAt } from '../../src/net/socket-file.ts';
import { endOf } from '../support/ending.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-socket-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function freshPath(): string {
  return join(folder, `${++count}.sock`);
}

/** A listener that says `name` to whoever connects. */
function say(path: string, name: string, mode = 0): Promise<Listener> {
  return listen({ path, mode, backlog: 16 }, (socket) => {
    socket.on('error', () => {});
    socket.end(name);
  });
}

/** What is said at `path`, or the code of the error. */
function heard(path: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
  });
}

function close({ server, file }: Listener): Promise<void> {
  file?.remove();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Leaves a socket file on which nobody listens, as a process that was killed does. */
async function leaveStale(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(process.argv[1], () => {
    process.kill(process.pid, 'SIGKILL');
  })`;
  const child = spawn(process.execPath, ['-e', code, path], { stdio: 'ignore' });
  await endOf(child)();
  assert.ok(lstatSync(path).isSocket());
}

describe('a listener on a unix socket', () => {
  test('takes the place of an earlier run that nobody listens on', async () => {
    const path = freshPath();
    await leaveStale(path);
    const listener = await say(path, 'new');
    assert.equal(await heard(path), 'new');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
      'no name is left beside it',
    );
    await close(listener);
    assert.equal(existsSync(path), false);
  });

  test('refuses a path on which somebody listens, and leaves it alone', async () => {
    const path = freshPath();
    const first = await say(path, 'first');
    const before = fileIdAt(path);
    await assert.rejects(say(path, 'second'), {
      code: 'EADDRINUSE',
      message: `${path} is in use: another process listens there`,
    });
    assert.equal(fileIdAt(path), before);
    assert.equal(await heard(path), 'first');
    assert.deepEqual(readdirSync(folder), [basename(path)]);
    await close(first);
  });

  test('of many that want a path at once, one gets it', async () => {
    const path = freshPath();
    await leaveStale(path);
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) => say(path, `listener ${i}`)),
    );
    const open = all.flatMap((one, i) => (one.status === 'fulfilled' ? [{ i, ...one }] : []));
    assert.equal(open.length, 1);
    assert.equal(await heard(path), `listener ${open[0].i}`);
    await close(open[0].value);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('removes no name that leads to another one by now', async () => {
    const path = freshPath();
    const first = await say(path, 'first');
    unlinkSync(path);
    const second = await say(path, 'second');
    await close(first);
    assert.equal(await heard(path), 'second');
    await close(second);
    assert.equal(existsSync(path), false);
  });

  test('leaves alone what is no socket, and follows no link to somebody who listens', async () => {
    const path = freshPath();
    writeFileSync(path, 'precious');
    await assert.rejects(say(path, 'x'), { code: 'EADDRINUSE', message: /no socket/ });
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    unlinkSync(path);
    const target = freshPath();
    const listener = await say(target, 'target');
    symlinkSync(target, path);
    await assert.rejects(say(path, 'x'), { code: 'EADDRINUSE' });
    await close(listener);
    const instead = await say(path, 'instead');
    assert.ok(lstatSync(path).isSocket(), 'a link that leads nowhere is replaced');
    await close(instead);
  });

  test('has its mode from its first moment, whatever the umask', async () => {
    const before = process.umask(0);
    const modes: string[] = [];
    const server: Server = createServer();
    const original = server.listen.bind(server) as (...args: unknown[]) => Server;
    // What another user would find right after bind(), which is done within this call.
    server.listen = ((options: { path: string }, done: () => void) => {
      const result = original(options, done);
      modes.push((statSync(options.path).mode & 0o777).toString(8));
      return result;
    }) as Server['listen'];
    try {
      const path = freshPath();
      const file = await listenAt(server, path, { mode: 0o600, backlog: 1 });
      modes.push((statSync(path).mode & 0o777).toString(8));
      assert.deepEqual(modes, ['600', '600']);
      assert.equal(process.umask(), 0, 'the umask is as before');
      file.remove();
      server.close();
    } finally {
      process.umask(before);
    }
  });

  test('a path as long as can be: closing it removes no other one', async () => {
    const deep = join(folder, 'd'.repeat(105 - Buffer.byteLength(folder) - 1));
    mkdirSync(deep);
    const path = join(deep, 's');
    assert.equal(Buffer.byteLength(path), 107);
    const first = await say(path, 'first');
    assert.equal(await heard(path), 'first');
    renameSync(path, join(deep, 't'));
    const second = await say(path, 'second');
    await close(first);
    assert.equal(await heard(path), 'second');
    await close(second);
    rmSync(deep, { recursive: true });
  });
});
