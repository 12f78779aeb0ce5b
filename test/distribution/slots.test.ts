import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { poolBytesForServers, writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing } from '../../src/distribution/ring.ts';
import { routeKey, setSlot, slotServer } from '../../src/distribution/route.ts';
import { equalSlots, keySlot, NO_OWNER, SLOTS } from '../../src/distribution/slots.ts';
import { NO_SERVER } from '../../src/protocol/frame-table.ts';
import { equalServers } from './arbitraries.ts';

const POOL = 128;

function slotOf(text: string): number {
  const key = Buffer.from(`#${text}#`, 'latin1');
  return keySlot(key, 1, key.length - 1);
}

/** An arena with the ring of a cluster of three. */
function arena(owners: Uint16Array = equalSlots([0, 1, 2])): Uint32Array {
  const words = new Uint32Array((POOL + poolBytesForServers(3, 'slots')) / 4);
  const options = { hash: 2, distribution: 'slots', tag: 0, owners } as const;
  writePool(words, POOL, buildRing(equalServers(3), [1, 1, 1], options));
  return words;
}

describe('slots of a Redis Cluster', () => {
  test('a key has the slot that CLUSTER KEYSLOT says', () => {
    for (const [key, slot] of [
      ['123456789', 12739],
      ['foo', 12182],
      ['', 0],
      ['user1000', 3443],
      ['{user1000}.following', 3443],
      ['{user1000}.followers', 3443],
      ['foo{{bar}}zap', 4015],
      ['foo{bar}{zap}', 5061],
      ['bar', 5061],
      ['foo{}{bar}', 8363],
      ['}{bar}', 5061],
      ['{bar', 4015],
    ] as const) {
      assert.equal(slotOf(key), slot, key);
    }
  });

  test('equal shares cover all slots', () => {
    const owners = equalSlots([2, 0, 1]);
    assert.deepEqual(
      [owners[0], owners[5460], owners[5461], owners[10922], owners[10923], owners[SLOTS - 1]],
      [2, 2, 0, 0, 1, 1],
    );
    assert.ok(equalSlots([]).every((owner) => owner === NO_OWNER));
  });

  test('a slot that is given to another server takes its keys along, and no others', () => {
    const words = arena();
    const key = Buffer.from('foo');
    assert.equal(routeKey(key, 0, 3, words, POOL), 2);
    for (const slot of [12182, 12183]) {
      setSlot(words, POOL, slot, 0);
      assert.equal(slotServer(words, POOL, slot), 0);
      assert.equal(slotServer(words, POOL, slot ^ 1), slot === 12182 ? 2 : 0);
    }
    assert.equal(routeKey(key, 0, 3, words, POOL), 0);
    setSlot(words, POOL, 12182, NO_OWNER);
    assert.equal(routeKey(key, 0, 3, words, POOL), NO_SERVER);
    assert.equal(slotServer(words, POOL, 12183), 0);
  });

  test('a slot without an owner has no server', () => {
    const words = arena(new Uint16Array(SLOTS).fill(NO_OWNER));
    assert.equal(routeKey(Buffer.from('foo'), 0, 3, words, POOL), NO_SERVER);
  });
});
