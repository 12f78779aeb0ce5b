import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { resetSocket } from '../../src/net/reset.ts';
import { inTime } from '../support/wait.ts';

type Handle = Record<'reset' | 'close', (done: () => void) => number>;

/** How the handle of a connected socket is closed by resetSocket(). */
async function closedBy(): Promise<string[]> {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const calls: string[] = [];
  const handle = (socket as unknown as { _handle: Handle })._handle;
  for (const name of ['reset', 'close'] as const) {
    const original = handle[name];
    handle[name] = (done) => {
      calls.push(name);
      return original.call(handle, done);
    };
  }
  socket.write(Buffer.alloc(64 * 1024 * 1024));
  const closed = once(socket, 'close');
  resetSocket(socket);
  await inTime('it to be closed', closed);
  server.close();
  return calls;
}

test('a connection is reset at once, however much is still to be written', async () => {
  assert.deepEqual(await closedBy(), ['reset']);
});

test('one that is not connected yet is only closed', async () => {
  const socket = connect(1, '127.0.0.1');
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  resetSocket(socket);
  await inTime('it to be closed', closed);
  assert.ok(socket.destroyed);
});
