import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Deadlines } from '../../../../src/proxy/engine/deadlines.ts';
import { HeldWrites, type Holder } from '../../../../src/proxy/engine/timers/held-writes.ts';
import { waitFor } from '../../../support/wait.ts';

class Socket implements Holder {
  listed = false;
  told = 0;
  written = 0;

  writeHeld(): void {
    this.told++;
  }

  writeOut(): void {
    this.written++;
  }

  onException(error: unknown): void {
    throw error;
  }
}

describe('held writes', () => {
  test('each socket is told once that its time is over, however often it was added', async () => {
    const held = new HeldWrites(new Deadlines());
    const sockets = [new Socket(), new Socket()];
    const now = Math.floor(performance.now());
    for (const socket of sockets) {
      held.add(socket, now);
      held.add(socket, now);
    }
    await waitFor('both to be told', () => sockets.every(({ told }) => told > 0));
    assert.deepEqual(
      sockets.map(({ told, listed }) => [told, listed]),
      [
        [1, false],
        [1, false],
      ],
    );
  });

  test('a socket that is told may hold again, and is told again', async () => {
    const held = new HeldWrites(new Deadlines());
    const socket = new Socket();
    held.add(socket, Math.floor(performance.now()));
    await waitFor('it to be told', () => socket.told === 1);
    held.add(socket, Math.floor(performance.now()));
    await waitFor('it to be told again', () => socket.told === 2);
  });

  test('all can be written at once when slabs are short', () => {
    const held = new HeldWrites(new Deadlines());
    const sockets = [new Socket(), new Socket(), new Socket()];
    for (const socket of sockets) held.add(socket, Math.floor(performance.now()));
    held.writeAll();
    assert.deepEqual(
      sockets.map(({ written }) => written),
      [1, 1, 1],
    );
  });
});
