import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CURR_CONNECTIONS, poolCounters, processCounters } from '../../src/stats/counters.ts';
import { endedSnapshot, mergeSnapshots } from '../../src/stats/merge.ts';
import { type PoolSnapshot, type Snapshot, takeSnapshot } from '../../src/stats/snapshot.ts';
import { testEngine } from '../support/test-engine.ts';

/** What a worker with three doors tells: pool `one` has a second one for TLS. */
function snapshotOf(connections: number): Snapshot {
  const process = processCounters();
  process[CURR_CONNECTIONS] = connections + 3;
  const source = { version: '', startedAt: 0, engine: testEngine(), pools: [], codec: 'js' };
  const pools = [
    { name: 'one', tlsListen: '127.0.0.1:6380' },
    { name: 'two', tlsListen: null },
  ].map((door) => ({
    ...door,
    counters: poolCounters(),
    servers: [],
    slow: [],
    latencyCounts: null,
    latencySums: null,
  }));
  return { ...takeSnapshot(source), process, pools: pools as unknown as PoolSnapshot[] };
}

describe('what several workers have counted', () => {
  test('has each listener once, those for TLS too', () => {
    const merged = mergeSnapshots([snapshotOf(5), snapshotOf(7)], []);
    assert.equal(merged.process[CURR_CONNECTIONS], 5 + 7 + 3);
  });

  test('has nothing open of a worker that is gone', () => {
    const merged = mergeSnapshots([snapshotOf(5)], [endedSnapshot(snapshotOf(7))]);
    assert.equal(merged.process[CURR_CONNECTIONS], 5 + 3);
  });
});
