import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';
import { PausedClient } from './paused-client.ts';

// A client that writes all that it has to ask before it reads a byte, as blocking clients do.

const MB = 1 << 20;
const COUNT = 200_000;
const VALUE_BYTES = 1_000;
const REPLY_BYTES = VALUE_BYTES + `$${VALUE_BYTES}\r\n\r\n`.length;

/** Resolves when the kernel has all of it. */
function written(client: PausedClient, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => client.socket.write(bytes, () => resolve()));
}

describe('a client that writes 200,000 GETs of 1 KB before it reads', () => {
  let redis: RealServer;

  before(async () => {
    redis = await startRedis();
    const direct = await RespClient.open(redis.port);
    await direct.text('SETRANGE', 'k'.repeat(60), VALUE_BYTES - 1, 'x');
    direct.close();
  });
  after(() => redis?.stop());

  const run = async (settings: object, work: (ringway: ChildRingway) => Promise<void>) => {
    const ringway = await startChild({ servers: shards([redis.port]), ...settings });
    try {
      await work(ringway);
    } finally {
      await ringway.stop();
    }
  };
  const request = encodeRequest('GET', 'k'.repeat(60));
  const requests = Buffer.alloc(COUNT * request.length, request);

  test('is read to the end, answered in bounded memory, and loses nothing', async () => {
    await run({}, async (ringway) => {
      const before = ringway.peakMemory();
      const client = new PausedClient(ringway.port);
      await written(client, requests);
      const got = await client.readsAfter(0, COUNT * REPLY_BYTES);
      assert.equal(got.length, COUNT * REPLY_BYTES);
      const reply = Buffer.from(`$${VALUE_BYTES}\r\n${'\0'.repeat(VALUE_BYTES - 1)}x\r\n`);
      assert.ok(got.equals(Buffer.alloc(got.length, reply)));
      const grown = (ringway.peakMemory() - before) / MB;
      // The requests, client_output_limit of replies, and some room.
      assert.ok(grown < requests.length / MB + 32 + 64, `RSS +${grown.toFixed(0)} MB`);
      console.log(`${COUNT} GETs written before the first read: RSS +${grown.toFixed(0)} MB`);
    });
  });

  test('is not read beyond client_input_limit, and the log says so', async () => {
    await run({ client_input_limit: MB, client_write_timeout: 1_000 }, async (ringway) => {
      const client = new PausedClient(ringway.port);
      client.socket.write(requests);
      const logged = (text: string) => ringway.log.some((line) => line.includes(text));
      await waitFor('the log', () => logged('client_input_limit'));
      await waitFor('its end', () => logged('takes none of its replies'));
      client.socket.destroy();
    });
  });

  test('with requests that cannot be sent yet in two of its bytes, the proxy reads on', async () => {
    await run({ max_pipeline: 1 }, async (ringway) => {
      const client = new PausedClient(ringway.port);
      const some = requests.subarray(0, 3_000 * request.length);
      await written(client, some);
      const got = await client.readsAfter(0, 3_000 * REPLY_BYTES);
      assert.equal(got.length, 3_000 * REPLY_BYTES);
    });
  });
});
