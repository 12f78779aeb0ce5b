import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { startFakeMaster } from '../support/fake-master.ts';
import { startInProcess } from '../support/ringway.ts';
import { delay } from '../support/wait.ts';

/** Connects, sends a request, and resets the connection. */
const CLIENT = `
const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1', () => {
  socket.write('*3\\r\\n$3\\r\\nSET\\r\\n$1\\r\\nk\\r\\n$1\\r\\nv\\r\\n', () => socket.resetAndDestroy());
});`;

for (const keys of [
  { deny_clients: '127.0.0.0/8' },
  { allow_clients: '10.0.0.0/8' },
  // Whether it was of this machine cannot be known.
  { protected_mode: true },
]) {
  const [[name]] = Object.entries(keys);
  test(`${name} keeps out who has gone before it is let in, and what it sent`, async () => {
    const server = await startFakeMaster();
    const ringway = await startInProcess({ servers: [`127.0.0.1:${server.port}:1`], ...keys });
    try {
      // Nobody is let in meanwhile: the connection has its end before it has an owner.
      for (let i = 0; i < 5; i++) execFileSync(process.execPath, ['-e', CLIENT, `${ringway.port}`]);
      await delay(300);
      assert.deepEqual(server.asked, []);
    } finally {
      await ringway.stop();
      await server.server.stop();
    }
  });
}
