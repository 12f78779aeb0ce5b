import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlabPool } from '../../src/net/slab-pool.ts';
import { Stash } from '../../src/net/stash.ts';

const SMALL_BYTES = 4096;
const LARGE_BYTES = 65536;

function pool(small: number, large: number): SlabPool {
  const smallKind = { count: small, bytes: SMALL_BYTES };
  const largeKind = { count: large, bytes: LARGE_BYTES };
  const memory = Buffer.alloc(4096 + SlabPool.bytes(smallKind, largeKind));
  return new SlabPool(memory, 4096, smallKind, largeKind);
}

test('a slab comes back when nothing in it is kept', () => {
  const slabs = pool(4, 1);
  const stash = new Stash(slabs);
  const first = stash.take(3000);
  const second = stash.take(1000);
  assert.equal(second, first + 3000);
  const third = stash.take(200);
  assert.equal(slabs.smallLeft, 2);
  stash.give(first, 3000);
  assert.equal(slabs.smallLeft, 2);
  stash.give(second, 1000);
  assert.equal(slabs.smallLeft, 3);
  stash.give(third, 200);
  assert.deepEqual([slabs.smallLeft, slabs.largeLeft, stash.bytes], [4, 1, 0]);
});

test('what was taken last may be made smaller', () => {
  const slabs = pool(2, 1);
  const stash = new Stash(slabs);
  const first = stash.take(2048);
  stash.shrink(2048, 30);
  const second = stash.take(2048);
  assert.equal(second, first + 30);
  assert.equal(stash.bytes, 2078);
  stash.give(first, 30);
  stash.give(second, 2048);
  assert.equal(slabs.smallLeft, 2);
});

test('without a slab there is no room, and nothing is lost', () => {
  const slabs = pool(1, 0);
  const stash = new Stash(slabs);
  assert.equal(stash.take(LARGE_BYTES), 0);
  const at = stash.take(SMALL_BYTES);
  assert.notEqual(at, 0);
  assert.equal(stash.take(1), 0);
  stash.give(at, SMALL_BYTES);
  assert.equal(slabs.smallLeft, 1);
});
