import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SharedRoom } from '../../../../src/proxy/backend/again/shared-room.ts';

const LIMIT = 1000;

function room() {
  const budget = {
    used: 0,
    count(bytes: number): void {
      budget.used += bytes;
    },
  };
  return { budget, shared: new SharedRoom(LIMIT, budget) };
}

describe('room that clients share', () => {
  test('one alone gets half of it, and the next half of the rest', () => {
    const { shared } = room();
    assert.ok(shared.take(1, LIMIT / 2));
    assert.ok(!shared.take(1, 1));
    assert.ok(shared.take(2, LIMIT / 4));
    assert.ok(!shared.take(2, 1));
    assert.ok(shared.take(3, LIMIT / 8));
    shared.giveBack(1, LIMIT / 2);
    assert.ok(shared.take(2, 1));
  });

  test('whatever is taken and given back, it is never more, and all is counted', () => {
    const steps = fc.array(
      fc.record({ client: fc.nat(5), bytes: fc.nat(LIMIT), back: fc.boolean() }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const { shared, budget } = room();
        const taken: { client: number; bytes: number }[] = [];
        for (const { client, bytes, back } of all) {
          const last = back ? taken.pop() : undefined;
          if (last !== undefined) shared.giveBack(last.client, last.bytes);
          else if (shared.take(client, bytes)) taken.push({ client, bytes });
          assert.equal(
            budget.used,
            taken.reduce((sum, each) => sum + each.bytes, 0),
          );
          assert.ok(budget.used <= LIMIT);
        }
        for (const { client, bytes } of taken) shared.giveBack(client, bytes);
        assert.equal(budget.used, 0);
        assert.ok(shared.take(0, LIMIT / 2));
      }),
    );
  });
});
