import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SHED_AT_LEAST_BYTES } from '../../../src/limits.ts';
import { MemoryBudget, type MemoryHolder } from '../../../src/proxy/engine/memory-budget.ts';
import { NO_LOG } from '../../support/test-engine.ts';

const KIB = 1024;

/** Clients of a budget, each with what it holds. */
function clients(limit: number, ...held: number[]): { budget: MemoryBudget; closed: number[] } {
  const closed: number[] = [];
  const list: (MemoryHolder | null)[] = [];
  const budget = new MemoryBudget(limit, list, NO_LOG);
  held.forEach((heldBytes, i) => {
    const holder: MemoryHolder & { heldBytes: number } = {
      heldBytes,
      authenticated: true,
      destroy() {
        closed.push(i);
        budget.add(-holder.heldBytes);
        holder.heldBytes = 0;
      },
    };
    list.push(holder);
  });
  for (const bytes of held) budget.add(bytes);
  return { budget, closed };
}

/** Who must be closed, in order: the model only sorts. */
function whoGoes(
  held: readonly number[],
  people: readonly { readonly authenticated: boolean }[],
  limit: number,
): number[] {
  const by = (a: number, b: number): number => held[b] - held[a] || a - b;
  const all = [...held.keys()];
  const strangers = all.filter((i) => !people[i].authenticated && held[i] > 0).sort(by);
  const others = all.filter((i) => people[i].authenticated && held[i] > SHED_AT_LEAST_BYTES);
  let total = held.reduce((sum, bytes) => sum + bytes, 0);
  const going: number[] = [];
  for (const i of [...strangers, ...others.sort(by)]) {
    if (total <= limit) break;
    total -= held[i];
    going.push(i);
  }
  return going;
}

describe('the memory budget', () => {
  test('closes those that hold most, until there is room', () => {
    const { budget, closed } = clients(1000 * KIB, 200 * KIB, 500 * KIB, 400 * KIB, 100 * KIB);
    assert.deepEqual(closed, [1]);
    assert.equal(budget.used, 700 * KIB);
    assert.equal(budget.closed, 1);
  });

  test('leaves alone who holds little, even over the limit', () => {
    const { budget, closed } = clients(10, SHED_AT_LEAST_BYTES, SHED_AT_LEAST_BYTES);
    assert.deepEqual(closed, []);
    assert.equal(budget.used, 2 * SHED_AT_LEAST_BYTES);
  });

  test('giving back more than was counted is a broken rule', () => {
    const { budget } = clients(0, 10);
    assert.throws(() => budget.add(-11), /no more is given back than was counted/);
  });

  test('random holders: strangers go first, then whoever holds most, and no more than needed', () => {
    const holder = fc.record({
      held: fc.constantFrom(0, 1, 500, SHED_AT_LEAST_BYTES + 1, 100_000, 400_000, 999_999),
      authenticated: fc.boolean(),
    });
    const all = fc.array(holder, { maxLength: 30 });
    fc.assert(
      fc.property(all, fc.integer({ min: 1, max: 2_000_000 }), (people, limit) => {
        const closed: number[] = [];
        const list: (MemoryHolder | null)[] = [null];
        const budget = new MemoryBudget(limit, list, NO_LOG);
        const holders = people.map(({ held, authenticated }, i) => {
          const one: MemoryHolder = {
            heldBytes: 0,
            authenticated,
            destroy() {
              closed.push(i);
              const bytes = one.heldBytes;
              one.heldBytes = 0;
              list[list.indexOf(one)] = null;
              budget.add(-bytes);
            },
          };
          list.push(one);
          return { one, held };
        });
        for (const [i, { one, held }] of holders.entries()) {
          const before = holders.map((each) => each.one.heldBytes);
          const gone = closed.length;
          before[i] = held;
          one.heldBytes = held;
          budget.add(held);
          const total = before.reduce((sum, bytes) => sum + bytes, 0);
          assert.deepEqual(closed.slice(gone), total > limit ? whoGoes(before, people, limit) : []);
        }
        const left = holders.reduce((sum, { one }) => sum + one.heldBytes, 0);
        assert.deepEqual([budget.used, budget.closed], [left, closed.length]);
      }),
      { numRuns: 300, seed: 19 },
    );
  });

  test('without a limit nobody is closed', () => {
    assert.deepEqual(clients(0, 1e12).closed, []);
  });
});
