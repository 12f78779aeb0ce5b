import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Breaker } from '../../../src/proxy/pool/breaker.ts';

describe('the breaker', () => {
  test('trips at the limit, not before, and one good reply closes it', () => {
    const breaker = new Breaker(3, 1000);
    breaker.onFailure(0);
    breaker.onFailure(1);
    assert.ok(!breaker.tripped && breaker.mayTry(1));
    breaker.onFailure(2);
    assert.ok(breaker.tripped && !breaker.mayTry(2));
    breaker.onSuccess();
    assert.ok(!breaker.tripped && breaker.mayTry(3));
  });

  test('without a limit it never trips', () => {
    const breaker = new Breaker(0, 1000);
    for (let i = 0; i < 100; i++) breaker.onFailure(i);
    assert.ok(!breaker.tripped);
  });

  test('waits ever longer, up to its most, and lets one try it at a time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 5000 }),
        fc.integer({ min: 1, max: 20 }),
        (most, failures) => {
          const breaker = new Breaker(1, most);
          let now = 0;
          for (let i = 0; i < failures; i++) {
            breaker.onFailure(now);
            const begun = now;
            assert.ok(!breaker.mayTry(now));
            const longest = Math.min(most, 50 * 2 ** i);
            assert.ok(!breaker.mayTry(begun + longest / 2 - 1), 'too early');
            now = begun + longest;
            assert.ok(breaker.mayTry(now), 'at the latest now');
            assert.ok(!breaker.mayTry(now), 'one at a time');
            assert.ok(!breaker.mayTry(now + most - 1));
          }
        },
      ),
      { numRuns: 200, seed: 6 },
    );
  });
});
