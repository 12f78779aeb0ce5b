import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import fc from 'fast-check';
import { Deadlines, type Timed } from '../../../src/proxy/engine/deadlines.ts';

/** The one clock: of the wheel, and of the timers that wake it. */
let clock = 0;

function pass(ms: number): void {
  for (let i = 0; i < ms; i++) {
    clock++;
    mock.timers.tick(1);
  }
}

beforeEach(() => {
  clock = 5000;
  mock.timers.enable({ apis: ['setTimeout'] });
  // The mocked timeout has no unref() on every Node.
  mock.method(performance, 'now', () => clock);
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Something whose deadline moves as a test says. */
class Item implements Timed {
  timerAt = 0;
  due = 0;
  readonly fired: number[] = [];
  /** Its next deadline when this one comes. */
  next = 0;

  nextDeadline(): number {
    return this.due;
  }

  onException(error: unknown): void {
    throw error;
  }

  onDeadline(now: number): void {
    assert.ok(this.due !== 0 && this.due <= now, 'nobody is told too early');
    this.fired.push(now);
    this.due = this.next === 0 ? 0 : now + this.next;
    this.next = 0;
  }
}

describe('deadlines', () => {
  test('one that is far away costs nothing until then, and comes on its millisecond', () => {
    const wheel = new Deadlines();
    const item = new Item();
    item.due = clock + 3_000;
    wheel.arm(item, item.due);
    pass(2_999);
    assert.deepEqual(item.fired, []);
    pass(1);
    assert.deepEqual(item.fired, [8_000]);
    assert.equal(item.timerAt, 0);
  });

  test('one that has moved on is asked again when its old time comes', () => {
    const wheel = new Deadlines();
    const item = new Item();
    item.due = clock + 10;
    wheel.arm(item, item.due);
    item.due += 20;
    wheel.arm(item, item.due);
    pass(29);
    assert.deepEqual(item.fired, []);
    pass(1);
    assert.deepEqual(item.fired, [5_030]);
  });

  test('one that is past comes with the next millisecond', () => {
    const wheel = new Deadlines();
    const item = new Item();
    pass(10_000);
    item.due = clock - 4_000;
    wheel.arm(item, item.due);
    pass(1);
    assert.equal(item.fired.length, 1);
  });

  test('one that comes late lets sockets be read first', () => {
    const rounds: (() => void)[] = [];
    mock.method(globalThis, 'setImmediate', (run: () => void) => rounds.push(run));
    mock.method(globalThis, 'clearImmediate', () => rounds.pop());
    const wheel = new Deadlines();
    const item = new Item();
    const stand = () => {
      item.due = clock + 100;
      wheel.arm(item, item.due);
      clock += 200;
      mock.timers.tick(100);
    };
    stand();
    assert.deepEqual(item.fired, [], 'not in the same round of the loop');
    rounds.pop()?.();
    assert.deepEqual(item.fired, [clock]);
    stand();
    assert.equal(rounds.length, 1);
    wheel.stop();
    assert.equal(rounds.length, 0);
  });

  test('a part of a millisecond is a broken rule: its bucket would be a round late', () => {
    assert.throws(() => new Deadlines().arm(new Item(), clock + 0.5), /whole millisecond/);
  });

  test('what is forgotten long before its time is not kept until then', () => {
    const wheel = new Deadlines();
    const waiting = Array.from({ length: 500 }, () => new Item());
    for (const [i, item] of waiting.entries()) {
      item.due = clock + 2_000 + i;
      wheel.arm(item, item.due);
    }
    let most = 0;
    for (let i = 0; i < 50_000; i++) {
      const item = new Item();
      item.due = clock + 3_600_000 + i;
      wheel.arm(item, item.due);
      if (i % 2 === 0) wheel.arm(item, item.due - 1_000_000);
      wheel.forget(item);
      most = Math.max(most, wheel.entries);
    }
    assert.ok(most < 4 * 1024, `${most} entries`);
    pass(2_500);
    for (const [i, item] of waiting.entries()) assert.deepEqual(item.fired, [7_000 + i]);
    wheel.stop();
    assert.equal(wheel.entries, 0);
  });

  test('much may be forgotten and armed while others are told', () => {
    const wheel = new Deadlines();
    const items = Array.from({ length: 5_000 }, () => new Item());
    const waiting = new Item();
    for (const item of items) {
      item.due = clock + 60_000;
      wheel.arm(item, item.due);
    }
    const first = new Item();
    first.onDeadline = () => {
      first.due = 0;
      for (const item of items) wheel.forget(item);
      waiting.due = clock + 1024;
      wheel.arm(waiting, waiting.due);
    };
    const beside = new Item();
    for (const item of [first, beside]) {
      item.due = clock + 7;
      wheel.arm(item, item.due);
    }
    pass(7);
    assert.deepEqual(beside.fired, [5_007]);
    pass(1024);
    assert.deepEqual(waiting.fired, [6_031]);
    assert.ok(wheel.entries < 2 * 1024, `${wheel.entries} entries`);
    assert.deepEqual(items.map(({ fired }) => fired.length).filter(Boolean), []);
    wheel.stop();
  });

  test('random arms, moves, ends and times: each is told once, on time, and nobody else', () => {
    const step = fc.record({
      kind: fc.constantFrom('arm', 'arm', 'arm', 'earlier', 'later', 'forget', 'again', 'pass'),
      item: fc.nat({ max: 4 }),
      ms: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1000, max: 2100 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (program) => {
        const wheel = new Deadlines();
        const items = Array.from({ length: 5 }, () => new Item());
        const expected = items.map((): number[] => []);
        for (const { kind, item: at, ms } of program) {
          const item = items[at];
          if (kind === 'arm') {
            item.due = clock + ms;
            wheel.arm(item, item.due);
          } else if (kind === 'earlier' && item.due !== 0) {
            item.due = Math.max(clock + 1, item.due - ms);
            wheel.arm(item, item.due);
          } else if (kind === 'later' && item.due !== 0) {
            item.due += ms; // the wheel is not told
          } else if (kind === 'forget') {
            item.due = 0;
            wheel.forget(item);
          } else if (kind === 'again' && item.due !== 0) {
            item.next = ms;
          } else if (kind === 'pass') {
            const until = clock + ms;
            for (const [i, { due, next }] of items.entries()) {
              if (due === 0 || due > until) continue;
              expected[i].push(due);
              if (next !== 0 && due + next <= until) expected[i].push(due + next);
            }
            pass(ms);
          }
          for (const [i, { fired }] of items.entries()) assert.deepEqual(fired, expected[i]);
        }
        wheel.stop();
      }),
      { numRuns: 120, seed: 71 },
    );
  });
});
