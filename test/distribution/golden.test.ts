import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolBytes, writePool } from '../../src/distribution/pool-descriptor.ts';
import { routeKey } from '../../src/distribution/route.ts';
import { goldenMaps, keysOf, namesOf, ringOf } from './golden-maps.ts';

const POOL = 64;

for (const map of goldenMaps) {
  test(`routes as nutcracker does: ${map.name}`, () => {
    const order = namesOf(map);
    assert.deepEqual(order, map.order);
    const ring = ringOf(map);
    const words = new Uint32Array((POOL + poolBytes(ring.servers.length)) / 4);
    writePool(words, POOL, ring);
    const keys = keysOf(map);
    assert.equal(keys.length, map.to.length);
    const routed = keys.map((key) => routeKey(key, 0, key.length, words, POOL));
    assert.deepEqual(routed, map.to);
  });
}
