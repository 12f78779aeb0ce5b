import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Sparing, SparingOfEach } from '../../../src/proxy/engine/sparing.ts';

describe('what is told now and then', () => {
  test('the first time is told, then once per interval, and nothing is lost from the count', () => {
    const gaps = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 500 }), (steps, interval) => {
        const sparing = new Sparing();
        let now = 0;
        let toldAt = Number.NEGATIVE_INFINITY;
        let told = 0;
        let untold = 0;
        for (const [i, step] of steps.entries()) {
          now += step;
          const before = sparing.happens(now, interval);
          if (now - toldAt < interval) {
            assert.equal(before, -1);
            untold++;
            continue;
          }
          assert.equal(before, untold);
          told += 1 + before;
          untold = 0;
          toldAt = now;
          assert.equal(told, i + 1);
        }
      }),
    );
  });

  test('the next time can be told at once, with those that went untold', () => {
    const sparing = new Sparing();
    assert.deepEqual(
      [0, 1, 2].map((now) => sparing.happens(now, 10)),
      [0, -1, -1],
    );
    sparing.tellNext();
    assert.equal(sparing.happens(3, 10), 2);
    assert.equal(sparing.happens(4, 10), -1);
  });

  test('each subject has its own interval', () => {
    const sparing = new SparingOfEach(60_000);
    const [a, b] = [{}, {}];
    assert.deepEqual(
      [a, a, b, a, b].map((each) => sparing.happens(each)),
      [0, -1, 0, -1, -1],
    );
  });
});
