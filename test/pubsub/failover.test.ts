import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command, type SentinelSet, startSentinelSet } from '../support/sentinels.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';

describe('subscribers of a pool with sentinels', () => {
  let set: SentinelSet;
  let closing: TestRingway;
  let keeping: TestRingway;

  before(async () => {
    set = await startSentinelSet({ shards: 1, replicas: 1 });
    const pool = { servers: set.servers, sentinels: set.lines };
    closing = await startInProcess(pool);
    keeping = await startInProcess({ ...pool, pubsub_loss: 'resubscribe' });
  });
  after(async () => {
    await closing?.stop();
    await keeping?.stop();
    await set?.stop();
  });

  async function subscribed(port: number): Promise<Subscriber> {
    return waitFor('a subscription', async () => {
      const client = await Subscriber.open(port);
      const [reply] = await client.ask(['SUBSCRIBE', 'c']);
      if (reply.startsWith('*')) return client;
      client.close();
      return null;
    });
  }

  /** Whether a server has a hub among its clients. */
  async function hasHub(port: number): Promise<boolean> {
    return String(await command(port, 'CLIENT', 'LIST')).includes('name=ringway-hub');
  }

  test('hear the next master, once, and the one before no more', async () => {
    const [lost, kept] = [await subscribed(closing.port), await subscribed(keeping.port)];
    const old = await waitFor('the master', () => set.masterOf(0));
    await command(set.sentinels[0].port, 'SENTINEL', 'FAILOVER', 'shard1');
    await lost.end();
    const now = await waitFor('another master', async () => {
      const port = await set.masterOf(0);
      return port === old ? 0 : port;
    });
    await waitFor('the hubs to have moved', async () => {
      return (await hasHub(now)) && !(await hasHub(old));
    });
    // As sentinels do after ten seconds: now it hands on what its successor publishes.
    await command(old, 'REPLICAOF', '127.0.0.1', String(now));
    await waitFor('the old master to be a replica', async () => {
      return String(await command(old, 'INFO', 'replication')).includes('master_link_status:up');
    });
    const again = await subscribed(closing.port);
    for (const [port, client] of [
      [closing.port, again],
      [keeping.port, kept],
    ] as const) {
      const publisher = await RespClient.open(port);
      const text = `through ${port}`;
      await waitFor('a message', async () => {
        await publisher.command('PUBLISH', 'c', text);
        return client.frames.some((each) => each.includes(text));
      });
      publisher.close();
    }
    await delay(200);
    const messages = [again, kept].map((client) => client.frames.length);
    await command(now, 'PUBLISH', 'c', 'last');
    for (const [i, client] of [again, kept].entries()) {
      const all = await client.take(messages[i] + 1);
      assert.equal(all.at(-1), frame('*', 'message', 'c', 'last'));
    }
    await delay(200);
    for (const client of [again, kept]) {
      assert.deepEqual(client.frames, [], 'nothing came twice');
      client.close();
    }
  });
});
