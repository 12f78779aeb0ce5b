import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type ListenOptions, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReaderKind } from '../../src/net/reader.ts';
import type { SendQueue } from '../../src/net/send-queue.ts';
import type { WriterKind } from '../../src/net/writer.ts';
import { endOf } from '../support/ending.ts';
import { delay, inTime, waitFor } from '../support/wait.ts';
import { LARGE, receive, Sender, SMALL_BYTES } from './sender.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-send-'));
const ends: Socket[] = [];
after(() => {
  rmSync(folder, { recursive: true, force: true });
  // Those of a failed test are still there.
  for (const socket of ends) socket.destroy();
});

let sockets = 0;

/** The two ends of a connection; the receiving one does not read yet. */
async function connection(kind: 'tcp' | 'unix'): Promise<{ from: Socket; to: Socket }> {
  const server = createServer({ pauseOnConnect: true });
  const at: ListenOptions =
    kind === 'unix' ? { path: join(folder, `${++sockets}.sock`) } : { host: '127.0.0.1', port: 0 };
  server.listen(at);
  await once(server, 'listening');
  const address = server.address();
  const target = typeof address === 'string' ? { path: address } : { port: address?.port ?? 0 };
  const accepted = once(server, 'connection');
  const from = connect({ host: '127.0.0.1', allowHalfOpen: true, ...target });
  await once(from, 'connect');
  const [to] = (await accepted) as [Socket];
  server.close();
  ends.push(from, to);
  return { from, to };
}

const ways: readonly [ReaderKind, WriterKind][] = [
  ['onread', 'handle'],
  ['data', 'stream'],
];

for (const [reader, kind] of ways) {
  for (const family of ['tcp', 'unix'] as const) {
    describe(`send queue, written by ${kind}, ${family}`, () => {
      test('finds that way to write in this Node', () => {
        assert.equal(new Sender(reader).writer.kind, kind);
      });

      test('what the kernel takes at once leaves no slab behind', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        for (const length of [1, 110, 4096, 110, 2000, 110]) {
          sender.put(length);
          sender.queue.flush();
          await receive(to, sender.sent).finally(() => to.removeAllListeners('data'));
          await waitFor('the slab to come back', () => sender.allSlabsFree);
          sender.sent = 0;
        }
        assert.equal(sender.queue.pendingBytes, 0);
        from.destroy();
        to.destroy();
      });

      test('slices and buffers leave in the order in which they were queued', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.put(100); // queued before the socket is there
        sender.append(5000);
        sender.queue.open(from);
        sender.queue.flush();
        sender.put(3000);
        sender.queue.flush();
        sender.append(70_000);
        sender.put(10);
        sender.put(4090);
        sender.queue.flush();
        sender.put(1);
        sender.queue.flush();
        await receive(to, sender.sent);
        await waitFor('all slabs to come back', () => sender.allSlabsFree);
        from.destroy();
        to.destroy();
      });

      test('what the kernel does not take waits, and nobody else gets its slab', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        await sender.fillKernel();
        assert.ok(sender.queue.pendingBytes > 0);
        assert.ok(sender.slabs.largeLeft < LARGE);
        const kept = LARGE - sender.slabs.largeLeft;
        sender.scribble();
        sender.append(100_000); // waits behind it
        sender.queue.flush();
        assert.ok(sender.queue.pendingBytes > 100_000);
        const late = receive(to, sender.sent);
        await waitFor('the socket to drain', () => sender.drained > 0);
        assert.equal(sender.queue.blocked, false);
        assert.equal(sender.slabs.largeLeft, kept);
        sender.queue.flush();
        await late;
        from.destroy();
        to.destroy();
      });

      test('what is passed on arrives whole and in order, whatever the kernel takes', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.pass(40_000); // before the socket is there
        sender.queue.open(from);
        sender.queue.flush();
        for (const length of [1, 32_768, 250_000]) {
          sender.pass(length);
          sender.put(10);
          sender.pass(length); // something waits in front of it
          sender.queue.flush();
        }
        for (let i = 0; !sender.queue.blocked; i++) {
          assert.ok(i < 1000, 'the kernel takes everything');
          sender.pass(250_000);
          sender.queue.flush();
        }
        sender.pass(250_000); // more waits in the socket
        assert.equal(sender.queue.totalBytes, sender.sent);
        const all = receive(to, sender.sent);
        await waitFor('the socket to drain', () => sender.drained > 0);
        sender.queue.flush();
        await all;
        await waitFor('all slabs to come back', () => sender.allSlabsFree);
        assert.equal(sender.queue.pendingBytes, 0);
        assert.equal(sender.queue.takenBytes, sender.sent);
        from.destroy();
        to.destroy();
      });

      test('what the kernel takes at once is not copied', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        sender.pass(50_000);
        assert.equal(sender.queue.unsentBytes, kind === 'handle' ? 0 : 50_000);
        sender.queue.flush();
        await receive(to, sender.sent);
        from.destroy();
        to.destroy();
      });

      test('what is passed on to a socket that is closed is not written anywhere', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        from.on('error', () => {});
        from.destroy();
        sender.pass(250_000);
        assert.equal(sender.queue.unsentBytes, 250_000);
        sender.queue.close();
        await waitFor('the end', () => from.closed);
        assert.ok(sender.allSlabsFree);
        to.destroy();
      });

      test('goes on as before after it had to wait', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        for (let round = 1; round <= 3; round++) {
          to.pause();
          await sender.fillKernel();
          const all = receive(to, sender.sent);
          await waitFor('the socket to drain', () => sender.drained === round);
          await all;
          to.removeAllListeners('data');
          sender.sent = 0;
          assert.ok(sender.allSlabsFree);
          assert.equal(sender.queue.pendingBytes, 0);
        }
        from.destroy();
        to.destroy();
      });

      test('a receiver that goes while bytes wait: the socket closes, slabs come back', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        let code: string | undefined;
        from.on('error', (error: NodeJS.ErrnoException) => {
          code = error.code;
        });
        from.resume();
        await sender.fillKernel();
        to.destroy();
        await waitFor('the socket to close', () => from.closed);
        sender.queue.close();
        assert.ok(sender.allSlabsFree);
        assert.match(code ?? '', /^(ECONNRESET|EPIPE)$/);
      });

      test('a receiver that has gone: the next writes end the socket with its error', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        const failed = new Promise<NodeJS.ErrnoException>((resolve) => from.once('error', resolve));
        to.destroy();
        await waitFor('the receiver to be gone', () => to.closed);
        await waitFor('the socket to end', () => {
          sender.put(100);
          sender.queue.flush();
          return from.destroyed;
        });
        assert.match((await failed).code ?? '', /^(ECONNRESET|EPIPE)$/);
        sender.queue.close();
        assert.ok(sender.allSlabsFree);
      });

      test('a receiver that has reset the connection: the first write says so', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(to); // nobody reads there, so only a write can find out
        const failed = new Promise<NodeJS.ErrnoException>((resolve) => to.once('error', resolve));
        if (family === 'tcp') from.resetAndDestroy();
        else from.destroy();
        await waitFor('the receiver to be gone', () => from.closed);
        await delay(50);
        sender.put(100);
        sender.queue.flush();
        assert.equal((await failed).code, family === 'tcp' ? 'ECONNRESET' : 'EPIPE');
        sender.queue.close();
        assert.ok(sender.allSlabsFree);
      });

      test('an end waits until everything has left', async () => {
        const { from, to } = await connection(family);
        const sender = new Sender(reader);
        sender.queue.open(from);
        await sender.fillKernel();
        from.end();
        const ended = once(to, 'end');
        await receive(to, sender.sent);
        await inTime('the end', ended);
        from.destroy();
        to.destroy();
      });
    });
  }
}

describe('many sockets that are often full', () => {
  for (const [reader, kind] of ways) {
    test(`${kind}: everything arrives, whoever makes room at whatever moment`, async () => {
      const args = [fileURLToPath(new URL('./full-sockets.js', import.meta.url)), reader];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const output: string[] = [];
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
      assert.equal(await endOf(child)(), 0);
      assert.deepEqual(JSON.parse(output.join('')), { wrong: 0 });
    });
  }
});

describe('a socket of another class', () => {
  test('is written to as it wants', async () => {
    class OtherSocket extends Socket {}
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const from = new OtherSocket();
    const { port } = server.address() as AddressInfo;
    from.connect(port, '127.0.0.1');
    await once(from, 'connect');
    let writes = 0;
    from.write = ((bytes: Uint8Array): boolean => {
      writes++;
      return Socket.prototype.write.call(from, bytes);
    }) as Socket['write'];
    const [to] = (await accepted) as [Socket];
    server.close();
    const sender = new Sender('onread');
    sender.queue.open(from);
    sender.put(1000);
    sender.queue.flush();
    assert.equal(writes, 1);
    await receive(to, sender.sent);
    from.destroy();
    to.destroy();
  });
});

describe('what was reserved last may be extended', () => {
  const queue = (): SendQueue => new Sender('onread').queue;

  test('while nothing follows it and it fits into its slab', () => {
    const it = queue();
    const at = it.reserve(10);
    assert.equal(it.canExtend(at + 10, 5), true);
    it.extend(5);
    assert.equal(it.canExtend(at + 10, 5), false, 'it ends further on now');
    assert.equal(it.reserve(3), at + 15);
    assert.equal(it.canExtend(at + 15, 5), false, 'other bytes follow it');
    assert.equal(it.canExtend(at + 18, SMALL_BYTES - 17), false, 'its slab ends before');
    assert.equal(it.canExtend(at + 18, SMALL_BYTES - 18), true);
    it.extend(SMALL_BYTES - 18);
    assert.equal(it.unsentBytes, SMALL_BYTES);
    it.discard();
  });

  test('not when a buffer follows it', () => {
    const it = queue();
    const at = it.reserve(10);
    it.append(Buffer.alloc(100));
    assert.equal(it.canExtend(at + 10, 5), false);
    assert.equal(it.reserve(4), at + 10);
    assert.equal(it.canExtend(at + 14, 5), true);
    it.discard();
  });
});
