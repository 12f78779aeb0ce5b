import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TRACKED_BLOCK_BYTES, TRACKED_BLOCK_KEYS } from '../../../../src/limits.ts';
import type { ClientConnection } from '../../../../src/proxy/client/client-connection.ts';
import type { Tracker } from '../../../../src/proxy/redis/tracking/tracker.ts';
import { Tracking } from '../../../../src/proxy/redis/tracking/tracking.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';

const OPTIONS = {
  broadcast: false,
  optIn: false,
  optOut: false,
  noLoop: false,
  redirect: 0,
  prefixes: [],
};

function tracking(): Tracking {
  const client = {
    pipeline: { head: 0 },
    pool: { counters: poolCounters() },
    session: { transaction: null },
  };
  return new Tracking(client as unknown as ClientConnection, {} as Tracker, OPTIONS);
}

describe('keys that are read between MULTI and EXEC', () => {
  test('are counted as long as they are kept', () => {
    const all = tracking();
    all.onQueued(['k'.repeat(1000), 'j']);
    assert.ok(all.bytes > 1001);
    all.onDiscard();
    assert.equal(all.bytes, 0);
  });

  test('are not kept when they are too many or too long', () => {
    const many = tracking();
    for (let i = 0; i <= TRACKED_BLOCK_KEYS; i++) many.onQueued(['k']);
    assert.equal(many.bytes, 0);
    const long = tracking();
    let most = 0;
    for (let i = 0; i < 2 * (TRACKED_BLOCK_BYTES / 32_000); i++) {
      long.onQueued(['k'.repeat(32_000)]);
      most = Math.max(most, long.bytes);
    }
    assert.equal(long.bytes, 0);
    assert.ok(most > TRACKED_BLOCK_BYTES / 2 && most <= TRACKED_BLOCK_BYTES);
  });
});
