import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { shards, startChild } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const LARGE = 1_000_000;

interface Publisher {
  readonly server: FakeServer;
  /** Where GET big was read, each time. */
  readonly reads: readonly Socket[];
  publish(text: string): void;
}

/** A server that says when messages come, and answers the second GET big with `again` bytes. */
async function publisher(again: number): Promise<Publisher> {
  let hub: Socket | null = null;
  const reads: Socket[] = [];
  const server = await startFake((_index, request, socket) => {
    const text = request.toString('latin1');
    if (text.includes('HELLO')) return send('%1\r\n$5\r\nproto\r\n:3\r\n');
    if (text.includes('SUBSCRIBE')) {
      hub = socket;
      return send(frame('*', 'subscribe', 'ch', 1));
    }
    if (text.includes('PING')) return send(frame('*', 'pong', ''));
    if (text.includes('other')) return undefined;
    if (!text.includes('big')) return send('+OK\r\n');
    reads.push(socket);
    return reads.length === 1 ? undefined : send(`$${again}\r\n${'y'.repeat(again)}\r\n`);
  });
  const publish = (text: string): void => {
    (hub as unknown as Socket).write(frame('*', 'message', 'ch', text));
  };
  return { server, reads, publish };
}

for (const again of [3, LARGE]) {
  test(`messages around a large read that is made again, of ${again} bytes then`, async () => {
    const { server, reads, publish } = await publisher(again);
    const http = `127.0.0.1:${await freePort()}`;
    const pool = { servers: shards([server.port]), client_output_limit: 1 << 20 };
    const ringway = await startChild(pool, { args: ['--http-addr', http] });
    const [reader, other] = [
      await Subscriber.open(ringway.port),
      await Subscriber.open(ringway.port),
    ];
    for (const each of [reader, other]) await each.ask(['HELLO', '3']);
    await reader.ask(['SUBSCRIBE', 'ch']);
    reader.send(['GET', 'big']);
    await waitFor('the read', () => reads.length === 1);
    other.send(['GET', 'other']);
    const hasBoth = () => server.received.some((each) => each.includes('other'));
    await waitFor('the other read', hasBoth);
    const [shared] = reads;
    shared.write(`$${LARGE}\r\n${'x'.repeat(100_000)}`);
    publish('first');
    assert.match(String(await reader.take(1)), /first/, 'it does not wait for the reply');
    shared.write('x'.repeat(300_000));
    publish('second');
    assert.match(String(await reader.take(1)), /second/);
    await waitFor('it to be taken back', async () => {
      const metrics = await (await fetch(`http://${http}/metrics`)).text();
      return /^ringway_reads_in_pieces_total\{.*\} 1$/m.test(metrics);
    });
    shared.write(`${'x'.repeat(LARGE - 400_000)}\r\n$1\r\no\r\n`);
    assert.equal(String(await other.take(1)), '$1\r\no\r\n');
    const [reply] = await reader.take(1);
    assert.equal(String(reply), `$${again}\r\n${'y'.repeat(again)}\r\n`);
    publish('third');
    assert.match(String(await reader.take(1)), /third/);
    assert.equal(reads.length, 2, 'it was made again');
    for (const each of [reader, other]) each.close();
    await ringway.stop();
    await server.stop();
  });
}
