import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, latenciesOf, PoolLatency } from '../../src/stats/latency.ts';

test('a thousand servers that come at once are not copied a thousand times', () => {
  const latency = new PoolLatency(1);
  latency.delivered(0, 0, 7);
  const places = [0];
  const copies = new Set<Float64Array>();
  for (let i = 0; i < 1000; i++) {
    places.push(latency.add());
    copies.add(latency.counts);
  }
  assert.ok(copies.size < 50, `${copies.size}`);
  assert.deepEqual(
    places,
    places.map((_, i) => i * CLASSES),
  );
  const last = places[1000];
  latency.delivered(last, 0, 9);
  const { counts, sums } = latenciesOf(latency, [0, last]);
  assert.equal(counts.length, 2 * (latenciesOf(latency, [0]).counts.length as number));
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    2,
  );
  assert.equal(
    sums.reduce((sum, micros) => sum + micros),
    16,
  );
});
