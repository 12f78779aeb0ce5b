import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pool } from '../../../../src/proxy/pool/pool.ts';
import { hubFor } from '../../../../src/proxy/redis/pubsub/hub/hubs.ts';
import { CHANNEL } from '../../../../src/proxy/redis/pubsub/hub/kinds.ts';
import type { Listener } from '../../../../src/proxy/redis/pubsub/hub/topic.ts';
import { tellOfMoves } from '../../../../src/proxy/redis/pubsub/sentinel-channels.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';
import { testEngine } from '../../../support/test-engine.ts';
import { waitFor } from '../../../support/wait.ts';

describe('messages that sentinels would publish', () => {
  test('come one after the other in their order, and all else between them', async () => {
    const servers = [{ ringName: 's' }];
    const config = { sentinelView: true, name: 'p', sentinelPrefix: '', ownHubs: false, servers };
    const fake = { engine: testEngine(), config, counters: poolCounters(), servers: [] };
    const pool = fake as unknown as Pool;
    const heard: string[] = [];
    const topic = hubFor(pool).topics.add(CHANNEL, Buffer.from('+switch-master'), '+switch-master');
    const listener = {
      take: (bytes: Buffer, start: number, end: number) => {
        heard.push(bytes.toString('latin1', start, end).split('\r\n').at(-2) as string);
      },
    };
    topic.listeners.add(listener as unknown as Listener);
    const [a, b, c] = [1, 2, 3].map((port) => ({ host: 'h', port }));
    tellOfMoves(pool, [
      { from: a, to: b },
      { from: c, to: b },
    ]);
    assert.equal(heard.length, 1);
    await waitFor('all', () => heard.length === 6);
    const names = ['mymaster', 'p', 's'];
    const wanted = ['h 1 h 2', 'h 3 h 2'].flatMap((places) => names.map((n) => `${n} ${places}`));
    assert.deepEqual(heard, wanted);
  });
});
