import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { type Channel, Peer } from '../../../src/run/processes/peer.ts';

interface Question {
  readonly id: number;
}

type OnSent = (error: Error | null) => void;

/** One end of a channel whose other end says what a test wants. */
class TestChannel extends EventEmitter implements Channel {
  readonly sent: Question[] = [];
  failure: Error | null = null;

  send(message: object, _handle: unknown, _options: object, onSent: OnSent): boolean {
    if (this.failure !== null) onSent(this.failure);
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
    assert.equal(peer.isGone, true);
  });

  test('fails when it cannot be sent, and tells whether that is for good', async () => {
    for (const [code, isGone] of [
      ['EMSGSIZE', false],
      ['EPIPE', true],
    ] as const) {
      channel.failure = Object.assign(new Error(code), { code });
      await assert.rejects(peer.ask('figures'), { code });
      assert.equal(peer.isGone, isGone);
    }
  });
});
