import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Breaker } from '../../../src/proxy/pool/breaker.ts';

describe('the breaker', () => {
  test('trips at the limit, not before, and one good reply closes it', () => {
    const breaker = new Breaker(3, 1000);
    breaker.onFailure(0);
    breaker.onFailure(1);
    assert.deepEqual([breaker.tripped, breaker.left(1)], [false, 0]);
    breaker.onFailure(2);
    assert.ok(breaker.tripped && breaker.left(2) >= 25);
    breaker.onSuccess();
    assert.deepEqual([breaker.tripped, breaker.left(3)], [false, 0]);
  });

  test('without a limit it never trips', () => {
    const breaker = new Breaker(0, 1000);
    for (let i = 0; i < 100; i++) breaker.onFailure(i);
    assert.ok(!breaker.tripped);
  });

  test('a limit that is taken away closes it', () => {
    const breaker = new Breaker(1, 1000);
    breaker.onFailure(0);
    breaker.configure(0, 1000);
    assert.deepEqual([breaker.tripped, breaker.left(0)], [false, 0]);
  });

  test('failures and good replies in any order, against a model', () => {
    const step = fc.record({ good: fc.boolean(), after: fc.integer({ min: 0, max: 3000 }) });
    const often = fc.oneof(
      { weight: 4, arbitrary: step.map((s) => ({ ...s, good: false })) },
      step,
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.array(often, { maxLength: 40 }),
        (limit, most, steps) => {
          const breaker = new Breaker(limit, most);
          let now = 0;
          let failures = 0;
          for (const { good, after } of steps) {
            now += after;
            failures = good ? 0 : failures + 1;
            if (good) breaker.onSuccess();
            else breaker.onFailure(now);
            const waits = failures - limit + 1;
            assert.equal(breaker.tripped, waits > 0);
            if (waits <= 0) {
              assert.equal(breaker.left(now), 0);
              continue;
            }
            const longest = Math.min(most, 50 * 2 ** (waits - 1));
            const left = breaker.left(now);
            assert.ok(left >= longest / 2 - 1e-6 && left <= longest + 1e-6, `${left}, ${longest}`);
            assert.ok(Math.abs(breaker.left(now + left / 2) - left / 2) < 1e-6);
            assert.equal(breaker.left(now + longest + 1), 0);
            assert.ok(breaker.tripped, 'time alone closes nothing');
          }
        },
      ),
      { numRuns: 300, seed: 6 },
    );
  });
});
