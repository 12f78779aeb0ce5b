import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { compareVerdicts } from './oracle.ts';

describe('rules and a real Redis', () => {
  let redis: RealServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  test('judge random requests of random users alike, and describe the users alike', async () => {
    const [admin, client] = await Promise.all([1, 2].map(() => RespClient.open(redis.port)));
    const counts = await compareVerdicts(admin, client, 3000, 20);
    assert.deepEqual(counts.differences, []);
    assert.ok(counts.allowed > 100 && counts.allowed < 2900, `${counts.allowed} are allowed`);
    assert.ok(counts.executed > 500 && counts.refusedUsers > 0);
    for (const each of [admin, client]) each.close();
  });
});
