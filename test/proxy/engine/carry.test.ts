import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LARGE_SLAB_BYTES, SMALL_SLAB_BYTES } from '../../../src/limits.ts';
import { SCRATCH, WINDOW } from '../../../src/protocol/frame-table.ts';
import { Carry } from '../../../src/proxy/engine/carry.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { testEngine } from '../../support/test-engine.ts';

const engine = testEngine();
const SIZES = [0, 1, SMALL_SLAB_BYTES, SMALL_SLAB_BYTES + 1, LARGE_SLAB_BYTES];

describe('what is carried from one read to the next', () => {
  test('random keeps and ends: the same bytes right in front of the next ones', () => {
    const step = fc.record({
      kind: fc.constantFrom('keep', 'keepOnHeap', 'put', 'restore', 'take', 'drop', 'scarce'),
      pick: fc.nat({ max: 2 }),
      size: fc.constantFrom(...SIZES),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (program) => {
        const fresh = holdingsOf(engine);
        const carries = [0, 1, 2].map(() => new Carry(engine));
        const kept = ['', '', ''];
        const leased: number[] = [];
        let number = 0;
        const giveBack = (): void => {
          for (const slab of leased.splice(0)) engine.slabs.release(slab);
        };
        for (const { kind, pick, size } of program) {
          const carry = carries[pick];
          if (kind === 'scarce') {
            if (leased.length > 0) giveBack();
            else {
              const { slabs } = engine;
              for (let at = slabs.leaseSmall(); at !== 0; at = slabs.leaseSmall()) leased.push(at);
              for (let at = slabs.leaseLarge(); at !== 0; at = slabs.leaseLarge()) leased.push(at);
            }
          } else if (kind === 'restore') {
            const at = carry.restore(WINDOW);
            assert.equal(engine.memory.toString('latin1', at, WINDOW), kept[pick]);
            kept[pick] = '';
          } else if (kind === 'take') {
            assert.equal(carry.take().toString('latin1'), kept[pick]);
            kept[pick] = '';
          } else if (kind === 'drop') {
            carry.drop();
            kept[pick] = '';
          } else if (kept[pick] === '') {
            const text = `<${++number}`.padEnd(size, 'x').slice(0, size);
            engine.memory.write(text, SCRATCH, 'latin1');
            if (kind === 'put') carry.put(Buffer.from(text));
            else carry[kind as 'keep'](SCRATCH, SCRATCH + size);
            kept[pick] = text;
            engine.memory.fill(0, SCRATCH, SCRATCH + size);
          }
          assert.equal(carry.length, kept[pick].length);
        }
        giveBack();
        for (const carry of carries) carry.drop();
        assertAtRest(engine, fresh);
      }),
      { numRuns: 200, seed: 101 },
    );
  });

  test('keeping something over what is kept is a broken rule', () => {
    const carry = new Carry(engine);
    carry.keep(SCRATCH, SCRATCH + 5);
    assert.throws(() => carry.keep(SCRATCH, SCRATCH + 5), /nothing is kept over what is kept/);
    assert.throws(() => carry.keepOnHeap(SCRATCH, SCRATCH + 5), /nothing is kept over/);
    carry.drop();
  });
});
