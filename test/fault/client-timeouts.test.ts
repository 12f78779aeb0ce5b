import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, USUAL } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

describe('clients that take too long', () => {
  let redis: RealServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis.stop());

  async function withLimits(
    limits: Record<string, number>,
    check: (client: RespClient, own: () => Record<string, number>) => Promise<void>,
  ): Promise<void> {
    const ringway = await startInProcess({ servers: shards([redis.port]), ...limits }, USUAL);
    const client = await RespClient.open(ringway.port);
    client.socket.on('error', () => {});
    try {
      await check(client, () => JSON.parse(ringway.ringway.stats()).pool1);
    } finally {
      client.close();
      await ringway.stop();
    }
  }

  test('an idle client is closed', async () => {
    await withLimits({ client_idle_timeout: 1500 }, async (client) => {
      assert.equal(String(await client.command('PING')), 'PONG');
      assert.equal((await client.readToEnd()).length, 0);
    });
  });

  test('a client that asks now and then is not idle', async () => {
    await withLimits({ client_idle_timeout: 3000 }, async (client) => {
      for (let i = 0; i < 6; i++) {
        await delay(800);
        assert.equal(String(await client.command('GET', 'nokey')), 'null');
      }
    });
  });

  test('a request that never comes to its end is answered with an error and closed', async () => {
    await withLimits({ request_read_timeout: 150 }, async (client) => {
      await client.send(encodeRequest('SET', 'k', 'value').subarray(0, 20));
      const rest = await client.readToEnd();
      assert.match(rest.toString(), /^-ERR Protocol error: the request was not completed in time/);
    });
  });

  test('a client that takes none of its replies is closed', async () => {
    await withLimits({ client_write_timeout: 200 }, async (client, stats) => {
      await client.command('SET', 'big', 'x'.repeat(1024 * 1024));
      client.socket.pause();
      client.socket.write(
        Buffer.concat(Array.from({ length: 30 }, () => encodeRequest('GET', 'big'))),
      );
      await waitFor('it to be closed', () => stats().client_connections === 0);
    });
  });
});
