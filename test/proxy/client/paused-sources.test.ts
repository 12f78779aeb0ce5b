import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PausedSources, type SlowClient } from '../../../src/proxy/client/paused-sources.ts';
import type { ReplySource } from '../../../src/proxy/engine/receiver.ts';

const LIMIT = 1000;

class Source implements ReplySource {
  readonly closed = false;
  readonly full = false;
  paused = false;
  resumed = 0;
  owed = false;
  alone = false;
  /** What the client holds again as soon as it goes on. */
  again: (() => void) | null = null;

  owes(): boolean {
    return this.owed;
  }

  isFor(): boolean {
    return this.alone;
  }

  stopWaiting(): void {}

  onException(error: unknown): void {
    throw error;
  }

  resume(): void {
    assert.ok(this.paused, 'only what stands still goes on');
    this.paused = false;
    this.resumed++;
    this.again?.();
  }
}

const step = fc.record({
  kind: fc.constantFrom(
    ...([
      'hold',
      'hold',
      'stored',
      'pending',
      'owe',
      'alone',
      'release',
      'release',
      'close',
    ] as const),
  ),
  pick: fc.nat({ max: 3 }),
  bytes: fc.constantFrom(0, 1, LIMIT / 4, LIMIT / 4 + 1, LIMIT / 2, LIMIT / 2 + 1, 5 * LIMIT),
});

test('random holds and bytes: those go on that may, each once, and all when the client is gone', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (program) => {
      const state = { closed: false, stored: 0, pending: 0 };
      const client = {
        id: 1,
        get closed() {
          return state.closed;
        },
        pool: { config: { clientOutputLimit: LIMIT } },
        pipeline: {
          head: 5,
          get undeliveredBytes() {
            return state.stored + state.pending;
          },
          out: {
            get pendingBytes() {
              return state.pending;
            },
          },
        },
      } as unknown as SlowClient;
      const paused = new PausedSources(client);
      const sources = [0, 1, 2, 3].map(() => new Source());
      for (const { kind, pick, bytes } of program) {
        const source = sources[pick];
        if (kind === 'hold' && !source.paused && !state.closed) {
          source.paused = true;
          paused.add(source);
        } else if (kind === 'stored') state.stored = bytes;
        else if (kind === 'pending') state.pending = bytes;
        else if (kind === 'owe') source.owed = !source.owed;
        else if (kind === 'alone') source.alone = !source.alone;
        else if (kind === 'close') state.closed = true;
        if (kind !== 'release' && kind !== 'close') continue;
        const before = sources.map(({ paused }) => paused);
        paused.release();
        // All go on once the client has taken the most of it, and those that owe it the next reply
        // once it has taken what is queued.
        const all = state.closed || state.stored + state.pending <= LIMIT / 2;
        const some = state.pending <= LIMIT / 2;
        // What nobody else waits for goes on when there is next to nothing left.
        sources.forEach((each, i) => {
          const waits = state.pending + (each.owed ? 0 : state.stored);
          const less = state.closed || waits <= LIMIT / 4;
          const goesOn = each.alone ? less : all || (some && each.owed);
          assert.equal(each.paused, before[i] && !goesOn);
        });
      }
      state.closed = true;
      paused.release();
      assert.ok(sources.every(({ paused }) => !paused));
    }),
    { numRuns: 400, seed: 91 },
  );
});

test('one that is paused again while the others are let go stays paused', () => {
  const client = {
    id: 1,
    closed: false,
    pool: { config: { clientOutputLimit: LIMIT } },
    pipeline: { head: 0, undeliveredBytes: 0, out: { pendingBytes: 0 } },
  } as unknown as SlowClient;
  const paused = new PausedSources(client);
  const [first, second] = [new Source(), new Source()];
  first.again = () => {
    first.again = null;
    first.paused = true;
    paused.add(first);
  };
  for (const source of [first, second]) {
    source.paused = true;
    paused.add(source);
  }
  paused.release();
  assert.deepEqual([first.paused, second.paused, second.resumed], [true, false, 1]);
  paused.release();
  assert.deepEqual([first.paused, first.resumed, second.resumed], [false, 2, 1]);
});
