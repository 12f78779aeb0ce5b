import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type FakeServer, startFake } from '../../../support/fake-server.ts';
import { type RealServer, startRedis } from '../../../support/real-servers.ts';
import { RespClient } from '../../../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../../../support/ringway.ts';

describe('SELECT beside a server that takes connections and never answers', () => {
  let redis: RealServer;
  let silent: FakeServer;
  let ringway: TestRingway;
  before(async () => {
    redis = await startRedis();
    silent = await startFake(() => ({ do: 'silence' }));
    ringway = await startInProcess({ servers: shards([redis.port, silent.port]) });
  });
  after(async () => {
    await ringway.stop();
    await silent.stop();
    await redis.stop();
  });

  test('is granted by the server that does answer, and requests behind it go on', async () => {
    const client = await RespClient.open(ringway.port);
    const replies = await client.pipeline([['SELECT', 7], ['PING']]);
    assert.deepEqual(replies.map(String), ['OK', 'PONG']);
    client.close();
  });

  test('is refused by it, too', async () => {
    const client = await RespClient.open(ringway.port);
    const [refused, still] = await client.pipeline([['SELECT', 99], ['PING']]);
    assert.match(String(refused), /DB index is out of range/);
    assert.equal(String(still), 'PONG');
    client.close();
  });
});
