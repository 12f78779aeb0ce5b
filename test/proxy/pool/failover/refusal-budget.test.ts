import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RefusalBudget } from '../../../../src/proxy/pool/failover/refusal-budget.ts';

const WAIT = 5000;

describe('how long a server may refuse before clients are told', () => {
  test('once as long as requests may wait', () => {
    const budget = new RefusalBudget();
    assert.ok(budget.allows(100, WAIT));
    assert.ok(budget.allows(2000, WAIT));
    assert.ok(budget.allows(5099, WAIT));
    assert.ok(!budget.allows(5100, WAIT));
  });

  test('then not before it has not refused for as long', () => {
    const budget = new RefusalBudget();
    for (let now = 1; now < 20_000; now += 100) budget.allows(now, WAIT);
    assert.ok(!budget.allows(24_000, WAIT));
    assert.ok(!budget.allows(29_000, WAIT));
    assert.ok(budget.allows(34_001, WAIT));
  });

  test('another server begins anew', () => {
    const budget = new RefusalBudget();
    budget.allows(1, WAIT);
    assert.ok(!budget.allows(5001, WAIT));
    budget.clear();
    assert.ok(budget.allows(5002, WAIT));
  });
});
