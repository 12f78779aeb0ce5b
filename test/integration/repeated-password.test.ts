import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakeSentinel } from '../support/fake-sentinel.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const PASSWORD = 'servers-topsecret';

describe('a server that does not know AUTH repeats the password in its error', () => {
  for (const follows of [false, true]) {
    const pool = follows ? 'with sentinels' : 'of another database';
    test(`neither log nor clients are told, in a pool ${pool}`, async () => {
      const redis = await startRedis({ args: ['--rename-command', 'AUTH', ''] });
      const { port } = redis;
      const sentinel = await startFakeSentinel({ cache: { port, epoch: 1, replicas: [] } });
      const followed = { sentinels: [`127.0.0.1:${sentinel.port}`], failover_wait: 300 };
      const ringway = await startInProcess({
        servers: [`127.0.0.1:${port}:1 cache`],
        redis_auth: PASSWORD,
        ...(follows ? followed : { redis_db: 1 }),
      });
      try {
        const client = await RespClient.open(ringway.port);
        assert.equal(await client.text('AUTH', PASSWORD), 'OK');
        const reply = await client.text('GET', 'k').catch(String);
        await waitFor('the log', () => ringway.log.some((line) => line.includes('AUTH failed on')));
        assert.doesNotMatch(`${reply}\n${ringway.log.join('\n')}`, /topsecret/);
        client.close();
      } finally {
        await ringway.stop();
        await sentinel.stop();
        await redis.stop();
      }
    });
  }
});
