import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as counter from '../../src/stats/counters.ts';

const { poolCounters, processCounters, serverCounters } = counter;

describe('counters', () => {
  test('those of one kind are not those of another: the compiler sees it, and no number is two', () => {
    const [server, pool, all] = [serverCounters(), poolCounters(), processCounters()];
    // @ts-expect-error it is a pool's
    server[counter.CLIENT_EOF]++;
    // @ts-expect-error it is a server's
    pool[counter.SERVER_EOF]++;
    // @ts-expect-error it is a pool's
    all[counter.FORWARD_ERROR]++;
    const numbers = Object.values(counter).filter((value) => typeof value === 'number');
    assert.equal(new Set(numbers).size, numbers.length);
  });

  test('there is a place for each', () => {
    const server: counter.ServerCounters = serverCounters();
    const pool: counter.PoolCounters = poolCounters();
    const all: counter.ProcessCounters = processCounters();
    for (const [name, at] of Object.entries(counter)) {
      if (typeof at !== 'number') continue;
      const kinds = [server, pool, all] as unknown as Float64Array[];
      assert.ok(
        kinds.some((counters) => at < counters.length),
        name,
      );
    }
  });
});
