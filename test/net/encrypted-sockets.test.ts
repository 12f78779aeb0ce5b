import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { Reader, type ReaderKind, resumeReading } from '../../src/net/reader.ts';
import { certificates, pem } from '../support/certificates.ts';
import { inTime, waitFor } from '../support/wait.ts';
import { receive, Sender } from './sender.ts';

// What Node's sockets that encrypt do, and what the send queue and the reader make of it.

const { server: pair } = certificates();

/** Both ends of a connection. */
async function connection(): Promise<{ from: TLSSocket; to: TLSSocket }> {
  const server = createServer(pem(pair));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'secureConnection');
  const { port } = server.address() as AddressInfo;
  const from = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(from, 'secureConnect');
  const [to] = (await accepted) as [TLSSocket];
  server.close();
  return { from, to };
}

test('what the kernel has taken blocks no queue and calls nobody back', async () => {
  const { from, to } = await connection();
  const sender = new Sender('onread');
  sender.queue.open(from);
  const all = receive(to, 50 * 200);
  for (let i = 0; i < 50; i++) {
    sender.put(200);
    sender.queue.flush();
    assert.equal(sender.queue.blocked, false);
    await waitFor('the socket to be done', () => from.writableLength === 0);
  }
  await all;
  assert.deepEqual(
    { drained: sender.drained, free: sender.allSlabsFree },
    { drained: 0, free: true },
  );
  from.destroy();
  to.destroy();
});

test('what is queued while a socket encrypts waits, and drains', async () => {
  const { from, to } = await connection();
  const sender = new Sender('onread');
  sender.queue.open(from);
  const all = receive(to, 600);
  sender.put(200);
  sender.queue.flush();
  sender.put(400);
  sender.queue.flush();
  assert.equal(sender.queue.blocked, true);
  await all;
  await waitFor('the queue to drain', () => sender.drained === 1);
  assert.equal(sender.queue.blocked, false);
  assert.ok(sender.allSlabsFree);
  from.destroy();
  to.destroy();
});

test('behind what TLS has to write by itself a queue waits, and drains', async () => {
  const server = createServer(pem(pair));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'secureConnection');
  const { port } = server.address() as AddressInfo;
  const from = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const sender = new Sender('onread');
  const blocked = new Promise<boolean>((resolve) => {
    from.once('secureConnect', () => {
      // The last of the handshake is not written yet.
      sender.queue.open(from);
      sender.put(200);
      sender.queue.flush();
      resolve(sender.queue.blocked);
    });
  });
  const [to] = (await accepted) as [TLSSocket];
  await receive(to, 200);
  assert.equal(await inTime('the handshake', blocked), true);
  await waitFor('the queue to drain', () => sender.drained === 1);
  assert.deepEqual([sender.queue.blocked, sender.allSlabsFree], [false, true]);
  server.close();
  from.destroy();
  to.destroy();
});

for (const reader of ['onread', 'data'] as const satisfies ReaderKind[]) {
  describe(`a send queue before a socket that encrypts, ${reader}`, () => {
    test('slabs come back, and what is written into them then is not sent', async () => {
      const { from, to } = await connection();
      const sender = new Sender(reader);
      sender.queue.open(from);
      const all = receive(to, 2_000_000);
      for (let i = 0; sender.sent < 2_000_000; i++) {
        const left = 2_000_000 - sender.sent;
        if (i % 3 === 2) sender.append(Math.min(left, 1 + ((i * 7919) % 60_000)));
        sender.put(Math.min(2_000_000 - sender.sent, 1 + ((i * 104_729) % 20_000)));
        sender.queue.flush();
        // Whatever is free belongs to somebody else now.
        const { small, large } = sender.scribble();
        await new Promise((resolve) => setImmediate(resolve));
        sender.giveBack(small, large);
        await waitFor('room', () => !sender.queue.blocked);
      }
      await all;
      await waitFor('all slabs to come back', () => sender.allSlabsFree);
      from.destroy();
      to.destroy();
    });

    test('what the kernel does not take waits, is counted, and drains', async () => {
      const { from, to } = await connection();
      const sender = new Sender(reader);
      sender.queue.open(from);
      for (let round = 1; round <= 3; round++) {
        to.pause();
        await sender.fillKernel();
        assert.ok(sender.queue.pendingBytes > 0, `${sender.queue.pendingBytes} bytes`);
        sender.append(300_000);
        sender.queue.flush();
        assert.ok(sender.queue.pendingBytes > 300_000, `${sender.queue.pendingBytes} bytes`);
        const all = receive(to, sender.sent);
        await waitFor('the socket to drain', () => sender.drained >= round);
        sender.queue.flush();
        await all;
        await waitFor('the rest to be taken', () => !sender.queue.blocked);
        to.removeAllListeners('data');
        sender.sent = 0;
        sender.drained = round;
        assert.ok(sender.allSlabsFree);
        assert.equal(sender.queue.pendingBytes, 0);
      }
      from.destroy();
      to.destroy();
    });

    test('a receiver that goes while bytes wait: slabs come back', async () => {
      const { from, to } = await connection();
      const sender = new Sender(reader);
      sender.queue.open(from);
      from.on('error', () => {});
      from.resume();
      await sender.fillKernel();
      to.destroy();
      await waitFor('the socket to close', () => from.closed);
      sender.queue.close();
      assert.ok(sender.allSlabsFree);
    });
  });

  test(`a reader gets each byte once and in order, however often it stops, ${reader}`, async () => {
    const { from, to } = await connection();
    const window = Buffer.alloc(65_536);
    const it = new Reader(window, window.length, reader);
    assert.equal(it.kind, reader);
    const sum = createHash('sha1');
    let received = 0;
    let reads = 0;
    let stopped = false;
    let whileStopped = 0;
    it.attach(to, {
      onRead: (length) => {
        if (stopped) whileStopped++;
        sum.update(window.subarray(0, length));
        received += length;
        stopped = ++reads % 5 === 0;
        if (!stopped) return true;
        setImmediate(() => {
          stopped = false;
          resumeReading(to);
        });
        return false;
      },
    });
    let ended = false;
    to.on('end', () => {
      ended = true;
    });
    const bytes = randomBytes(5 << 20);
    for (let at = 0; at < bytes.length; at += 100_000) from.write(bytes.subarray(at, at + 100_000));
    from.end();
    await waitFor('the end', () => ended);
    const expected = createHash('sha1').update(bytes).digest('hex');
    assert.deepEqual(
      { received, sum: sum.digest('hex'), whileStopped },
      { received: bytes.length, sum: expected, whileStopped: 0 },
    );
    assert.ok(reads > 50, `${reads} reads`);
    from.destroy();
    to.destroy();
  });
}
