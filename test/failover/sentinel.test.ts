import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NumberedLoad } from '../support/numbered-load.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command, type SentinelSet, startSentinelSet } from '../support/sentinels.ts';
import { delay, waitFor } from '../support/wait.ts';

describe('a pool with sentinels', () => {
  let set: SentinelSet;
  let ringway: TestRingway;
  before(async () => {
    set = await startSentinelSet({ shards: 1, replicas: 2 });
    ringway = await startInProcess({ servers: set.servers, sentinels: set.lines });
  });
  after(async () => {
    await ringway?.stop();
    await set?.stop();
  });

  test('a planned failover: no error, nothing lost', async () => {
    const load = new NumberedLoad({ port: ringway.port, clients: 8, depth: 4 });
    await waitFor('load', () => load.acknowledged > 1000);
    const before = await set.masterOf(0);
    const started = performance.now();
    await command(set.sentinels[0].port, 'SENTINEL', 'FAILOVER', 'shard1');
    await waitFor('another master', async () => {
      const now = await set.masterOf(0);
      return now !== before && !Number.isNaN(now);
    });
    await delay(500);
    const result = await load.stop();
    console.log('planned', result, performance.now() - started);
    assert.deepEqual([...result.errors], []);
    assert.deepEqual(result.wrong, []);
    assert.equal(result.lost, 0);
  });

  test('the master is killed', async () => {
    await delay(1500);
    const load = new NumberedLoad({ port: ringway.port, clients: 8, depth: 4 });
    await waitFor('load', () => load.acknowledged > 1000);
    const port = await set.masterOf(0);
    const master = set.shards[0].find((server) => server.port === port);
    const started = performance.now();
    master?.kill('SIGKILL');
    await waitFor('another master', async () => {
      const now = await set.masterOf(0);
      return now !== port && !Number.isNaN(now);
    });
    await delay(1500);
    const result = await load.stop();
    console.log('killed', result, performance.now() - started, result.gapEnd - started);
    console.log(ringway.log.filter((line) => /master|sentinel|server/.test(line)).join('\n'));
    assert.deepEqual(result.wrong, []);
  });
});
