import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ADDRESSES } from '../../../../src/net/addresses/address-book.ts';
import type { PlacedPool } from '../../../../src/proxy/client/session/places.ts';
import { Session } from '../../../../src/proxy/client/session/session.ts';

function poolAt(ports: readonly number[], moves: number, host = '10.0.0.1'): PlacedPool {
  const servers = ports.map((port) => {
    return { config: { kind: 'tcp', host, port, path: '' } };
  });
  return { servers, moves } as unknown as PlacedPool;
}

/** A client of one pool that has gone on in another. @returns whether WAIT there is in doubt */
function isInDoubt(before: PlacedPool, moves: number, now: PlacedPool): boolean {
  const left = new Session(1);
  left.moves = moves;
  const came = new Session(2);
  came.restore(JSON.parse(JSON.stringify(left.save(before))), now);
  assert.equal(came.leased, true, 'its connections are others');
  return came.moves !== now.moves;
}

describe('what a client wrote, in another process', () => {
  test('is vouched for where the servers are the same, however often they have moved', () => {
    assert.equal(isInDoubt(poolAt([1, 2], 3), 3, poolAt([2, 1], 7)), false);
  });

  test('is in doubt when it was before', () => {
    assert.equal(isInDoubt(poolAt([1, 2], 3), 2, poolAt([1, 2], 0)), true);
  });

  test('is in doubt when one of the two knows of a move of which the other does not', () => {
    assert.equal(isInDoubt(poolAt([1, 2], 3), 3, poolAt([1, 4], 1)), true);
    const pool = poolAt([1, 2], 3);
    assert.equal(isInDoubt(pool, 3, pool), false);
    const moved = Object.assign(pool, { servers: poolAt([1, 4], 4).servers, moves: 4 });
    assert.equal(isInDoubt(moved, 4, poolAt([1, 2], 0)), true);
  });

  test('is in doubt when a name leads elsewhere for one of the two', () => {
    const pool = poolAt([1], 3, 'pod.test');
    const left = new Session(1);
    left.moves = 3;
    /** Whether it is in doubt where the name leads there. */
    const doubtAt = (address: string | null): boolean => {
      ADDRESSES.set('pod.test', '10.0.0.1');
      const saved = left.save(pool);
      ADDRESSES.set('pod.test', address);
      const came = new Session(2);
      came.restore(saved, pool);
      return came.moves !== pool.moves;
    };
    try {
      assert.equal(doubtAt('10.0.0.1'), false);
      assert.equal(doubtAt('10.0.0.2'), true);
      assert.equal(doubtAt(null), true);
    } finally {
      ADDRESSES.set('pod.test', null);
    }
  });

  test('is in doubt when the program before says nothing of it', () => {
    const { wroteTo: _, ...older } = new Session(1).save(poolAt([1], 0));
    const came = new Session(2);
    came.restore(older, poolAt([1], 0));
    assert.notEqual(came.moves, 0);
  });
});
