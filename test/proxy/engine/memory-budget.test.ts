import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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

  test('without a limit nobody is closed', () => {
    assert.deepEqual(clients(0, 1e12).closed, []);
  });
});
