import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from '../../../../src/proxy/client/access/token-bucket.ts';

test('so many tokens a second, and at most those of one second at once', () => {
  const bucket = new TokenBucket(10, 1000);
  assert.equal(bucket.left(1000), 10);
  bucket.take(10);
  assert.deepEqual([bucket.left(1000), bucket.waitMs(1000)], [0, 100]);
  assert.deepEqual([bucket.left(1050), bucket.waitMs(1050)], [0, 50]);
  assert.deepEqual([bucket.left(1100), bucket.waitMs(1100)], [1, 0]);
  assert.equal(bucket.left(1350), 3);
  assert.equal(bucket.left(99_000), 10);
});

test('what is overdrawn has to be made good first', () => {
  const bucket = new TokenBucket(100, 0);
  bucket.take(350);
  assert.deepEqual([bucket.left(0), bucket.waitMs(0)], [0, 2510]);
  assert.equal(bucket.left(2500), 0);
  assert.equal(bucket.left(2510), 1);
  bucket.take(-5);
  assert.equal(bucket.left(2510), 6);
});

test('a clock that goes back takes nothing away', () => {
  const bucket = new TokenBucket(5, 500);
  bucket.take(4);
  assert.equal(bucket.left(100), 1);
  assert.equal(bucket.left(700), 2);
});
