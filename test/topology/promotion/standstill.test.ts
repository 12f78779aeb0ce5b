import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROMOTION_REPORT_MS, STANDSTILL_MS, WAKING_MS } from '../../../src/limits.ts';
import { Standstill } from '../../../src/topology/promotion/standstill.ts';

const LONG = PROMOTION_REPORT_MS + STANDSTILL_MS;

describe('a proxy that has stood still', () => {
  test('waits until it has heard the witnesses', () => {
    const standstill = new Standstill(0);
    assert.equal(standstill.begins(PROMOTION_REPORT_MS, true), false);
    assert.equal(standstill.begins(PROMOTION_REPORT_MS + LONG, true), true);
    assert.equal(standstill.ends(PROMOTION_REPORT_MS + LONG, false), false);
    assert.equal(standstill.waits, true);
    assert.equal(standstill.ends(PROMOTION_REPORT_MS + LONG + 1, true), true);
    assert.equal(standstill.waits, false);
    assert.equal(standstill.ends(PROMOTION_REPORT_MS + LONG + 2, true), false);
  });

  test('goes on with what it knows when it does not hear them soon, or did not before', () => {
    const standstill = new Standstill(0);
    assert.equal(standstill.begins(LONG, false), false);
    assert.equal(standstill.begins(LONG + PROMOTION_REPORT_MS, true), false);
    const wokeAt = 2 * LONG + PROMOTION_REPORT_MS;
    assert.equal(standstill.begins(wokeAt, false), true);
    assert.equal(standstill.ends(wokeAt + WAKING_MS - 1, false), false);
    assert.equal(standstill.ends(wokeAt + WAKING_MS, false), true);
  });

  test('that is a little late has not', () => {
    const standstill = new Standstill(0);
    standstill.begins(PROMOTION_REPORT_MS, true);
    assert.equal(standstill.begins(PROMOTION_REPORT_MS + LONG - 1, true), false);
  });
});
