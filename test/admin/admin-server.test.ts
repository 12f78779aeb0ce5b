import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { type AdminAction, type AdminDoor, serveAdmin } from '../../src/admin/admin-server.ts';
import { ADMIN_CONNECTIONS, ADMIN_LINE_BYTES } from '../../src/limits.ts';
import { closed, delay, waitFor } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-admin-'));
const path = join(folder, 'admin.sock');
const BIG = 'x'.repeat(200_000);

let door: AdminDoor;
const errors: unknown[] = [];
let asked = 0;
let running = 0;
let most = 0;
before(async () => {
  door = await serveAdmin(
    path,
    new Map<string, AdminAction>([
      ['echo', (words: readonly string[]) => ({ words })],
      ['fail', () => Promise.reject(new Error('it fails'))],
      ['throw', () => assert.fail('it throws')],
      [
        'big',
        async () => {
          asked++;
          most = Math.max(most, ++running);
          await delay(1);
          running--;
          return { big: BIG };
        },
      ],
    ]),
    (error) => errors.push(error),
  );
});
after(() => {
  door.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Socket {
  const socket = connect(path);
  socket.on('error', () => {});
  return socket;
}

/** Sends bytes and half-closes; resolves with all that comes. */
function say(bytes: string | Buffer): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  let text = '';
  socket.on('error', () => {});
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('end', () => socket.end());
  socket.end(bytes);
  return closed(socket).then(() => text);
}

async function serves(): Promise<void> {
  assert.deepEqual((await askAdmin(path, 'echo a b'))['words'], ['a', 'b']);
}

describe('the admin socket', () => {
  test('is for its owner only', () => assert.equal(statSync(path).mode & 0o777, 0o600));

  test('answers commands in order, errors too, also to who half-closes behind them', async () => {
    const lines = (await say('echo 1\nfail\nnope\nthrow\n\necho 2\n')).trim().split('\n');
    const answers = lines.map((line) => JSON.parse(line) as { ok: boolean; error?: string });
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      [true, false, false, false, false, true],
    );
    assert.equal(answers[1].error, 'it fails');
    assert.match(String(answers[2].error), /unknown command 'nope'; expected one of echo, fail/);
  });

  test('refuses lines that are too long, whether they end or not', async () => {
    const long = 'x'.repeat(ADMIN_LINE_BYTES + 1);
    for (const bytes of [long, `${long}\n`, `echo\n${long}\necho\n`, 'x'.repeat(3_000_000)]) {
      const answer = await say(bytes);
      assert.match(answer, /^(|\{"ok":false,"error":"a command is longer than 4096 bytes"\}\n)$/);
    }
    await serves();
  });

  test('takes any bytes', async () => {
    for (const bytes of [Buffer.from([0, 255, 254, 10, 195, 10]), '\n'.repeat(2000), '{"a":1}\n']) {
      for (const line of (await say(bytes)).trim().split('\n')) {
        assert.equal((JSON.parse(line) as { ok: boolean }).ok, false);
      }
    }
    await serves();
  });

  test('does one command of a connection at a time, and none for who reads no answers', async () => {
    const socket = open();
    socket.pause();
    asked = 0;
    most = 0;
    socket.write('big\n'.repeat(10_000));
    await waitFor('the first', () => asked > 0);
    await delay(300);
    assert.ok(asked < 20, `${asked} answers of 200 KB are waiting`);
    assert.equal(most, 1);
    await serves();
    socket.destroy();
  });

  test('connections that stay open, silent or slow, keep nobody out', async () => {
    const sockets = Array.from({ length: 4 * ADMIN_CONNECTIONS }, (_, i) => {
      const socket = open();
      socket.pause();
      socket.write(['', 'ec', 'big\nbig\nbig\nbig\n'][i % 3]);
      return socket;
    });
    await delay(100);
    for (let i = 0; i < 20; i++) await serves();
    for (const socket of sockets) socket.destroy();
  });

  test('that is closed answers what runs, and carries out nothing more for who is connected', async () => {
    const other = join(folder, 'closed.sock');
    const slow = new Map<string, AdminAction>([
      ['slow', () => delay(50).then(() => ({ slow: true }))],
      ['quick', () => ({})],
    ]);
    const closing = await serveAdmin(other, slow, (error) => errors.push(error));
    const socket = connect(other);
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.write('quick\nslow\n');
    await waitFor('the first', () => text.includes('\n'));
    closing.close();
    socket.write('quick\n');
    await waitFor('all', () => text.split('\n').length === 4);
    const [first, second, third] = text.split('\n').map((line) => line && JSON.parse(line));
    assert.deepEqual([first, second], [{ ok: true }, { ok: true, slow: true }]);
    assert.match(third.error, /^another process takes over/);
    socket.destroy();
  });
});
