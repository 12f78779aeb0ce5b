import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { KEPT_BLOCK_BYTES, LEAST_RESTORED_BYTES } from '../../../../src/limits.ts';
import { WINDOW } from '../../../../src/protocol/frame-table.ts';
import { KeptInput } from '../../../../src/proxy/client/input/kept-input.ts';
import { WaitingInput } from '../../../../src/proxy/client/input/waiting-input.ts';
import { assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import { testEngine } from '../../../support/test-engine.ts';

const engine = testEngine();
const SIZES = [1, 7, 1000, LEAST_RESTORED_BYTES, 30_000, KEPT_BLOCK_BYTES - 1, KEPT_BLOCK_BYTES];
let counter = 0;

/** So many bytes that are like no others, in the receive window. */
function arrive(size: number): string {
  const text = Array.from({ length: Math.ceil(size / 8) }, () => String(counter++).padStart(8, '0'))
    .join('')
    .slice(0, size);
  engine.memory.write(text, WINDOW, 'latin1');
  return text;
}

const inArena = (start: number, end: number) => engine.memory.toString('latin1', start, end);

describe('kept input', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'shift', 'copy', 'unshift', 'take'),
    size: fc.constantFrom(...SIZES),
  });

  test('random programs: first in, first out, and the budget knows of each byte', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (program) => {
        const fresh = holdingsOf(engine);
        const kept = new KeptInput(engine);
        let model = '';
        for (const { kind, size } of program) {
          if (kind === 'push') {
            model += arrive(size);
            kept.push(WINDOW, WINDOW + size);
          } else if (kind === 'unshift') {
            const text = arrive(size);
            kept.unshift(Buffer.from(text, 'latin1'));
            model = text + model;
          } else if (kind === 'shift') {
            const count = Math.min(size, model.length);
            kept.shift(count);
            model = model.slice(count);
          } else if (kind === 'copy') {
            const copied = kept.copyTo(WINDOW, size);
            assert.equal(inArena(WINDOW, WINDOW + copied), model.slice(0, size));
          } else {
            assert.equal(kept.take().toString('latin1'), model);
            model = '';
          }
          assert.equal(kept.length, model.length);
          assert.equal(engine.budget.used, model.length);
        }
        kept.drop();
        assertAtRest(engine, fresh);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what waits of a client', () => {
  const step = fc.record({
    kind: fc.constantFrom('read', 'read', 'resume', 'resume', 'resume', 'take'),
    size: fc.constantFrom(...SIZES),
    /** How much of what is scanned goes out, and whether the rest is one unfinished request. */
    sent: fc.nat({ max: 100 }),
    unfinished: fc.boolean(),
  });

  test('random programs: every byte is scanned in its order, and sent once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (program) => {
        const fresh = holdingsOf(engine);
        const waiting = new WaitingInput(engine);
        let model = '';
        for (const { kind, size, sent, unfinished } of program) {
          if (kind === 'read') {
            model += arrive(size);
            waiting.add(WINDOW, WINDOW + size);
          } else if (kind === 'take') {
            assert.equal(waiting.take().toString('latin1'), model);
            model = '';
          } else if (model !== '') {
            const start = waiting.restore();
            const scanned = waiting.end - start;
            assert.equal(inArena(start, waiting.end), model.slice(0, scanned));
            const rest = unfinished ? Math.min(scanned, 5_000) : scanned;
            const from = waiting.end - Math.floor((rest * (100 - sent)) / 100);
            if (unfinished) waiting.carry(from, waiting.end);
            else waiting.putBack(from, waiting.end);
            waiting.settle();
            model = model.slice(from - start);
          }
          assert.equal(waiting.length, model.length);
        }
        waiting.drop();
        assertAtRest(engine, fresh);
      }),
      { numRuns: 300 },
    );
  });

  test('a client with little credit has little of it copied each time', () => {
    const waiting = new WaitingInput(engine);
    for (let i = 0; i < 20; i++) waiting.add(WINDOW, WINDOW + KEPT_BLOCK_BYTES);
    let copied = 0;
    let sent = 0;
    while (waiting.length > KEPT_BLOCK_BYTES) {
      const start = waiting.restore();
      copied += waiting.end - start;
      const from = Math.min(start + 50, waiting.end);
      sent += from - start;
      waiting.putBack(from, waiting.end);
      waiting.settle();
    }
    assert.ok(copied <= sent * (LEAST_RESTORED_BYTES / 50 + 1), `${copied} bytes for ${sent}`);
    waiting.drop();
  });

  test('takes in up to its limit, and up to half of the budget', () => {
    const small = testEngine(undefined, 100_000);
    const waiting = new WaitingInput(small);
    assert.equal(waiting.hasRoom(1_000), true);
    waiting.add(WINDOW, WINDOW + 1_000);
    assert.equal(waiting.hasRoom(1_000), false);
    assert.equal(waiting.hasRoom(1_000_000), true);
    waiting.add(WINDOW, WINDOW + 50_000);
    assert.equal(waiting.hasRoom(1_000_000), false);
    waiting.drop();
    assert.equal(waiting.hasRoom(1_000_000), true);
  });
});
