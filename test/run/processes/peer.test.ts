import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { type Channel, Peer } from '../../../src/run/processes/peer.ts';

interface Question {
  readonly id: number;
}

/** One end of a channel whose other end says what a test wants. */
class TestChannel extends EventEmitter implements Channel {
  readonly sent: Question[] = [];

  send(message: object): boolean {
    this.sent.push(message as Question);
    return true;
  }

  answer({ id }: Question, body: object): void {
    this.emit('message', { type: 'answer', id, body }, undefined);
  }
}

describe('a question to another process', () => {
  let channel: TestChannel;
  let peer: Peer;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    channel = new TestChannel();
    peer = new Peer(channel, 'worker 1');
  });
  afterEach(() => mock.timers.reset());

  test('fails when the answer takes too long, and one that comes later is nobody’s', async () => {
    const asked = peer.ask('figures', {}, 500);
    mock.timers.tick(499);
    const late = assert.rejects(asked, /worker 1 has not answered within 500 ms/);
    mock.timers.tick(1);
    await late;
    channel.answer(channel.sent[0], { late: true });
  });

  test('has its answer in time, and does not fail behind it', async () => {
    const asked = peer.ask('figures', {}, 500);
    channel.answer(channel.sent[0], { count: 3 });
    mock.timers.tick(1000);
    assert.deepEqual(await asked, { count: 3 });
  });

  test('waits for ever without a limit, until the other process is gone', async () => {
    const asked = peer.ask('figures');
    const gone = assert.rejects(asked, /worker 1 is gone/);
    mock.timers.tick(1_000_000);
    channel.emit('disconnect');
    await gone;
  });
});
