import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IntList } from '../../../src/net/queue/int-list.ts';

test('a list of numbers is what an array is, whatever is done to it', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'pair', 'pop', 'remove', 'fill', 'clear'),
    value: fc.integer({ min: -1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (program, keepsMore) => {
      const list = keepsMore ? new IntList(1000) : new IntList();
      let model: number[] = [];
      for (const { kind, value } of program) {
        if (kind === 'push') {
          list.push(value);
          model.push(value);
        } else if (kind === 'pair') {
          list.pushPair(value, value + 1);
          model.push(value, value + 1);
        } else if (kind === 'pop' && model.length > 0) {
          assert.equal(list.pop(), model.pop());
        } else if (kind === 'remove' && model.includes(value)) {
          list.remove(value);
          const last = model.pop() as number;
          const at = model.indexOf(value);
          if (at >= 0) model[at] = last;
        } else if (kind === 'fill') {
          for (let i = 0; i < 100; i++) list.push(i);
          for (let i = 0; i < 100; i++) model.push(i);
        } else if (kind === 'clear') {
          list.clear();
          model = [];
        }
        const values = Array.from({ length: list.length }, (_, i) => list.at(i));
        assert.deepEqual(values, model);
      }
    }),
    { numRuns: 200, seed: 5 },
  );
});

test('only what is in the list can be read or taken', () => {
  const list = new IntList();
  assert.throws(() => list.pop(), /taken out/);
  list.push(7);
  assert.throws(() => list.at(1), /read/);
  assert.throws(() => list.remove(8), /taken out/);
});
