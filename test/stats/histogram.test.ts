import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  BUCKETS,
  bucketFloor,
  bucketOf,
  countBelow,
  HISTOGRAM_MAX,
  histogramTotal,
  quantiles,
} from '../../src/stats/histogram.ts';
import { CLASSES, histogramAt, PoolLatency, SPAN_TOTAL, sumAt } from '../../src/stats/latency.ts';

describe('histogram buckets', () => {
  test('a value lies in its bucket, and the bucket is narrow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: HISTOGRAM_MAX }), (value) => {
        const bucket = bucketOf(value);
        const floor = bucketFloor(bucket);
        const next = bucketFloor(bucket + 1);
        assert.ok(floor <= value && value < next, `${value} in [${floor}, ${next})`);
        assert.ok(next - floor <= Math.max(1, value / 16));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('buckets follow each other without a gap', () => {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      assert.equal(bucketOf(bucketFloor(bucket)), bucket);
    }
    assert.equal(bucketOf(HISTOGRAM_MAX), BUCKETS - 1);
  });

  test('quantiles are those of the sorted values, within a sixteenth', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 300 }),
        (values) => {
          const counts = new Float64Array(BUCKETS);
          for (const value of values) counts[bucketOf(value)]++;
          const sorted = [...values].sort((a, b) => a - b);
          const wanted = [0, 0.5, 0.9, 0.99, 1];
          quantiles(counts, wanted).forEach((found, i) => {
            const rank = Math.max(1, Math.ceil(wanted[i] * sorted.length));
            const exact = sorted[rank - 1];
            assert.ok(Math.abs(found - exact) <= exact / 16 + 1, `${found} for ${exact}`);
          });
          assert.equal(histogramTotal(counts), values.length);
          const below = values.filter((value) => value < 4096).length;
          assert.equal(countBelow(counts, 4096), below);
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  test('an empty histogram has zeros', () => {
    assert.deepEqual(quantiles(new Float64Array(BUCKETS), [0.5, 0.99]), [0, 0]);
  });
});

describe('latencies of a pool', () => {
  test('are kept apart by server, class and span, and odd values are taken', () => {
    const latency = new PoolLatency(3);
    latency.record(CLASSES + 1, SPAN_TOTAL, 100);
    latency.record(CLASSES + 1, SPAN_TOTAL, -5);
    latency.record(CLASSES + 1, SPAN_TOTAL, 2 ** 31 - 1);
    const at = histogramAt(CLASSES + 1, SPAN_TOTAL);
    assert.equal(histogramTotal(latency.counts, at), 3);
    assert.equal(
      latency.counts.reduce((sum, n) => sum + n, 0),
      3,
    );
    assert.equal(latency.sums[sumAt(CLASSES + 1, SPAN_TOTAL)], 100 + HISTOGRAM_MAX);
  });
});
