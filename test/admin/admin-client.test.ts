import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-asked-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What comes of a question to a socket whose server says `bytes`. */
async function askOne(bytes: string | Buffer): Promise<unknown> {
  const path = join(folder, 's.sock');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await askAdmin(path, 'status');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a question to a socket on which somebody else listens', () => {
  test('is an error that says so, whatever comes back', async () => {
    const error = { message: `${join(folder, 's.sock')} is no admin socket of ringway` };
    for (const bytes of [
      "-ERR unknown command 'status', with args beginning with: \r\n",
      'ERROR\r\n',
      '\n',
      'null\n',
      '7\n',
      '{"ok":false}\n',
      Buffer.from([0xff, 0xfe, 0, 10]),
    ]) {
      await assert.rejects(askOne(bytes), error, JSON.stringify(bytes));
    }
  });

  test('that ends without a line is an error too', async () => {
    await assert.rejects(askOne('{"ok":true'), /closed without an answer/);
    await assert.rejects(askOne(''), /closed without an answer/);
  });
});
