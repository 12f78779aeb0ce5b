import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Masters } from './masters.ts';
import type { Shards } from './shards.ts';

/** What a proxy acknowledges of two masters of a shard, one after the other. */
function complaintsOf(isReplaced: boolean): string[] {
  const servers = [
    { name: 'redis0', promotedAt: 0 },
    { name: 'redis0r0', promotedAt: 10 },
  ];
  const shards = { servers, shardOf: () => 'redis0', isReplaced: () => isReplaced };
  const masters = new Masters(shards as unknown as Shards);
  masters.acknowledged(0, { server: 'redis0r0', at: 20 }, 19, 21);
  masters.acknowledged(0, { server: 'redis0', at: 30 }, 29, 31);
  return masters.complaintsBut(new Set());
}

describe('a write of the old master that is acknowledged behind one of the new one', () => {
  test('is complained of while the new one is a master', () => {
    assert.equal(complaintsOf(true).length, 1);
  });

  test('is none when the new one has been turned back into a replica', () => {
    assert.deepEqual(complaintsOf(false), []);
  });
});
