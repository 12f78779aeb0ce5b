import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SENT_RUN_BYTES, UNNOTED_REQUESTS } from '../../../../src/limits.ts';
import { WINDOW, WINDOW_BYTES } from '../../../../src/protocol/frame-table.ts';
import { SentRun } from '../../../../src/proxy/client/input/sent-run.ts';
import { assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import { testEngine } from '../../../support/test-engine.ts';

const engine = testEngine();

/** A client's slots. */
class Slots {
  head = 0;
  tail = 0;

  constructor(first: number) {
    this.head = first;
    this.tail = first;
  }

  get outstanding(): number {
    return (this.tail - this.head) | 0;
  }
}

describe('requests that may be taken back', () => {
  const step = fc.record({
    kind: fc.constantFrom('send', 'send', 'send', 'special', 'answer'),
    count: fc.nat({ max: 60 }),
    size: fc.constantFrom(1, 40, 900),
  });

  test('random programs: the newest without a gap, byte for byte, while they are under way', () => {
    const first = fc.constantFrom(0, 0x7ffffff0, -10);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), first, (program, firstSlot) => {
        const fresh = holdingsOf(engine);
        const run = new SentRun(engine);
        const slots = new Slots(firstSlot);
        let model: { slot: number; count: number; text: string }[] = [];
        let number = 0;
        for (const { kind, count, size } of program) {
          if (kind === 'answer') {
            slots.head = (slots.head + Math.min(count, slots.outstanding)) | 0;
            run.prune(slots.head);
          } else {
            const slot = slots.tail;
            const text = String(++number).padEnd(count * size, 'x');
            engine.memory.write(text, WINDOW, 'latin1');
            slots.tail = (slot + count) | 0;
            if (kind === 'special') run.interrupted = true;
            const many = slots.outstanding > UNNOTED_REQUESTS;
            run.note(slots, slot, count, WINDOW, WINDOW + text.length, false);
            const last = model.at(-1);
            const gap = last !== undefined && ((last.slot + last.count) | 0) !== slot;
            if (kind === 'special' || (gap && many && count > 0)) model = [];
            if (kind === 'send' && many && count > 0) model.push({ slot, count, text });
          }
          model = model.filter((chunk) => ((chunk.slot + chunk.count - slots.head) | 0) > 0);
          run.prune(slots.head);
          assert.deepEqual(
            run.chunks.map(({ slot, count, at, length }) => {
              return { slot, count, text: engine.memory.toString('latin1', at, at + length) };
            }),
            model,
          );
          const end = model.at(-1);
          const newest = end !== undefined && ((end.slot + end.count) | 0) === slots.tail;
          assert.equal(run.covers(slots.head, slots.tail), newest && slots.outstanding > 1);
        }
        run.cut();
        assertAtRest(engine, fresh);
      }),
      { numRuns: 300 },
    );
  });

  test('no more than a bound is noted', () => {
    const fresh = holdingsOf(engine);
    const run = new SentRun(engine);
    const slots = new Slots(0);
    for (let i = 0; i * WINDOW_BYTES < 2 * SENT_RUN_BYTES; i++) {
      slots.tail += 1000;
      run.note(slots, slots.tail - 1000, 1000, WINDOW, WINDOW + WINDOW_BYTES, false);
      const noted = run.chunks.reduce((sum, { length }) => sum + length, 0);
      assert.ok(noted <= SENT_RUN_BYTES);
    }
    run.cut();
    assertAtRest(engine, fresh);
  });
});
