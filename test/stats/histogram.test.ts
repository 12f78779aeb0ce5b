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
import {
  CLASSES,
  histogramAt,
  PoolLatency,
  SPAN_QUEUE,
  SPAN_SERVER,
  SPAN_TOTAL,
  sumAt,
} from '../../src/stats/latency.ts';

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
    latency.delivered(CLASSES + 1, 1_000, 1_100);
    latency.delivered(CLASSES + 1, 1_000, 995);
    latency.delivered(CLASSES + 1, 0, 2 ** 31 - 1);
    const at = histogramAt(CLASSES + 1, SPAN_TOTAL);
    assert.equal(histogramTotal(latency.counts, at), 3);
    assert.equal(
      latency.counts.reduce((sum, n) => sum + n, 0),
      3,
    );
    assert.equal(latency.sums[sumAt(CLASSES + 1, SPAN_TOTAL)], 100 + HISTOGRAM_MAX);
  });

  test('count requests one by one, also when many went and came together', () => {
    const latency = new PoolLatency(2);
    const series = CLASSES + 2;
    for (let i = 0; i < 5; i++) latency.answered(series, 1_000, 1_010, 1_050);
    latency.answered(series, 1_000, 1_020, 1_050);
    latency.answered(series, 1_000, 1_020, 1_090);
    latency.answered(0, 1_000, 1_020, 1_090);
    const queue = histogramAt(series, SPAN_QUEUE);
    const server = histogramAt(series, SPAN_SERVER);
    assert.equal(histogramTotal(latency.counts, queue), 7);
    assert.equal(histogramTotal(latency.counts, server), 7);
    assert.equal(latency.counts[queue + bucketOf(10)], 5);
    assert.equal(latency.counts[server + bucketOf(40)], 5);
    assert.equal(latency.sums[sumAt(series, SPAN_QUEUE)], 5 * 10 + 2 * 20);
    assert.equal(latency.sums[sumAt(series, SPAN_SERVER)], 5 * 40 + 30 + 70);
    assert.equal(histogramTotal(latency.counts, histogramAt(0, SPAN_SERVER)), 1);
  });

  test('of a server that is removed do not come back with the next one in its place', () => {
    const latency = new PoolLatency(1);
    latency.answered(0, 0, 10, 20);
    latency.remove(0);
    assert.equal(latency.add(), 0);
    assert.equal(histogramTotal(latency.counts, histogramAt(0, SPAN_SERVER)), 0);
  });
});
