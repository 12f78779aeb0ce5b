import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GATHER_MICROS, GATHER_POLLS } from '../../../src/limits.ts';
import { type Flushable, Turn } from '../../../src/proxy/engine/turn.ts';

/** Goes on with the check phase of the event loop's next turn. */
function poll(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Socket implements Flushable {
  flushPending = false;
  flushed = 0;
  written = 0;
  onFlush: () => void = () => {};

  flush(): void {
    this.flushed++;
    this.onFlush();
  }

  writeOut(): void {
    this.written++;
  }

  onException(error: unknown): void {
    throw error;
  }
}

/** What a poll that finds `reads` sockets does: each has a request for the server. */
function requests(turn: Turn, server: Socket, reads: number, micros: number): void {
  for (let i = 0; i < reads; i++) {
    turn.onRead();
    turn.onChunk(micros);
    turn.markBackend(server);
  }
}

describe('turn', () => {
  test('one request alone leaves after the poll that brought it', async () => {
    const turn = new Turn();
    const server = new Socket();
    requests(turn, server, 1, 0);
    assert.equal(server.flushed, 0);
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('ends with the poll that brought it, also when nobody is written to', async () => {
    const turn = new Turn();
    turn.onRead();
    turn.onChunk(0);
    assert.equal(turn.begun, true);
    await poll();
    assert.equal(turn.begun, false);
  });

  test('replies leave after the poll that brought them, however much more comes', async () => {
    const turn = new Turn();
    const server = new Socket();
    const client = new Socket();
    requests(turn, server, 3, 0);
    turn.markClient(client);
    turn.markClient(client);
    await poll();
    assert.deepEqual([server.flushed, client.flushed], [0, 1]);
    turn.markClient(client);
    await poll();
    assert.equal(client.flushed, 2);
  });

  test('requests wait while polls bring more, and leave together', async () => {
    const turn = new Turn();
    const server = new Socket();
    for (let i = 0; i < 5; i++) {
      requests(turn, server, 2, i);
      await poll();
      assert.equal(server.flushed, 0);
    }
    await poll();
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('one empty poll is forgiven, a second in a row is not', async () => {
    const turn = new Turn();
    const server = new Socket();
    requests(turn, server, 2, 0);
    await poll();
    for (let i = 0; i < 3; i++) {
      await poll(); // nothing
      requests(turn, server, 1, 0);
      await poll();
      assert.equal(server.flushed, 0);
    }
    await poll();
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('no request waits for more than a number of polls', async () => {
    const turn = new Turn();
    const server = new Socket();
    let polls = 0;
    for (; server.flushed === 0; polls++) {
      requests(turn, server, 2, 0);
      await poll();
    }
    assert.equal(polls, GATHER_POLLS + 1);
  });

  test('nor longer than a bound, also where the clock wraps', async () => {
    const turn = new Turn();
    const server = new Socket();
    const start = 0x7fffffff;
    requests(turn, server, 2, start);
    await poll();
    requests(turn, server, 2, (start + GATHER_MICROS - 1) | 0);
    await poll();
    assert.equal(server.flushed, 0);
    requests(turn, server, 2, (start + GATHER_MICROS) | 0);
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('nor for another poll when the first took that long', async () => {
    const turn = new Turn();
    const server = new Socket();
    requests(turn, server, 2, 0);
    requests(turn, server, 2, GATHER_MICROS);
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('many chunks of one socket are one read', async () => {
    const turn = new Turn();
    const server = new Socket();
    requests(turn, server, 1, 0);
    turn.onChunk(1);
    turn.onChunk(2);
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('what waits can be written before its client goes elsewhere', async () => {
    const turn = new Turn();
    const server = new Socket();
    requests(turn, server, 2, 0);
    turn.writeToServers();
    assert.deepEqual([server.written, server.flushed], [1, 0]);
    for (let i = 0; i < 3; i++) await poll();
    assert.equal(server.flushed, 1);
  });

  test('what flushing a client asks for leaves with the rest', async () => {
    const turn = new Turn();
    const server = new Socket();
    const client = new Socket();
    client.onFlush = () => turn.markBackend(server);
    turn.markClient(client);
    await poll();
    assert.equal(server.flushed, 1);
  });

  test('everything can be written at once when slabs are short', async () => {
    const turn = new Turn();
    const server = new Socket();
    const client = new Socket();
    requests(turn, server, 2, 0);
    turn.markClient(client);
    turn.writeAll();
    assert.deepEqual([server.written, client.written], [1, 1]);
    await poll();
    await poll();
    await poll();
    assert.deepEqual([server.flushed, client.flushed], [1, 1]);
  });
});
