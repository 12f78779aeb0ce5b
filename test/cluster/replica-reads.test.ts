import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import type { RealServer } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway, USUAL, VARIANTS } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const KEYS = Array.from({ length: 40 }, (_, i) => `key:${i}`);
const NAMES = ['get', 'mget', 'exists'];
const slotOf = (key: string) => keySlot(Buffer.from(key), 0, key.length);

/** How often a server was asked for one of the commands that read. */
async function reads({ port }: RealServer): Promise<number> {
  const stats = String(await command(port, 'INFO', 'commandstats'));
  return NAMES.map((name) => new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    .map(Number)
    .reduce((sum, each) => sum + each, 0);
}

describe('reads from the replicas of a cluster', () => {
  let cluster: TestCluster;
  before(async () => {
    const args = ['--repl-ping-replica-period', '1'];
    cluster = await startCluster({ masters: 3, replicas: 1, args });
  });
  after(() => cluster?.stop());

  async function withRingway(
    keys: object,
    run: (client: RespClient, ringway: TestRingway) => Promise<void>,
    variant = USUAL,
  ): Promise<void> {
    const spec = { servers: cluster.lines.slice(0, 2), cluster: true, timeout: 5000 };
    const ringway = await startInProcess(
      { ...spec, failover_wait: 20_000, read_after_write: 30, ...keys },
      variant,
    );
    const client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
    try {
      await run(client, ringway);
    } finally {
      client.close();
      await ringway.stop();
    }
  }

  const nodes = async (isMaster: boolean): Promise<RealServer[]> => {
    const roles = await Promise.all(
      cluster.nodes.map(async ({ port }) => ((await command(port, 'ROLE')) as string[])[0]),
    );
    return cluster.nodes.filter((_, i) => (roles[i] === 'master') === isMaster);
  };
  const readsOf = async (isMaster: boolean): Promise<number> => {
    const counts = await Promise.all((await nodes(isMaster)).map(reads));
    return counts.reduce((sum, each) => sum + each, 0);
  };

  /** Until nothing that is read comes from masters. */
  async function allAreRead(client: RespClient): Promise<void> {
    await waitFor('reads of all slots at replicas', async () => {
      const before = await readsOf(true);
      for (const key of KEYS) await client.text('GET', key);
      return (await readsOf(true)) === before;
    });
  }

  for (const variant of VARIANTS.slice(0, 3)) {
    test(`commands that read go there, others to the master: ${variant.label}`, () =>
      withRingway(
        { read_from: 'prefer-replica' },
        async (client) => {
          for (const key of KEYS) assert.equal(await client.text('SET', key, key), 'OK');
          await allAreRead(client);
          await waitFor('the replicas to have all', async () => {
            return !((await client.text('MGET', ...KEYS)) as unknown[]).includes(null);
          });
          const [masters, replicas] = [await readsOf(true), await readsOf(false)];
          assert.deepEqual(await client.text('MGET', ...KEYS), KEYS);
          assert.equal(await client.text('EXISTS', ...KEYS), KEYS.length);
          assert.equal(await readsOf(true), masters);
          assert.ok((await readsOf(false)) > replicas);
          const big = 'x'.repeat(100_000);
          for (let i = 0; i < 20; i++) {
            const words = [
              ['SET', 'own', `${i}${big}`],
              ['GET', 'own'],
            ];
            assert.equal(String((await client.pipeline(words))[1]), `${i}${big}`);
          }
          const info = String(await client.text('INFO', 'topology'));
          assert.match(info, /readers=1/);
          assert.match(info, /topology_epoch:[1-9]\d*\r\ntopology_age_ms:\d+\r\n/);
        },
        variant,
      ));
  }

  test('slots that move and replicas that take over are read without an error', () =>
    withRingway({ read_from: 'replica' }, async (client) => {
      const isRead = () => client.text('GET', KEYS[0]).then(String, () => '');
      await waitFor('a replica to be read', async () => (await isRead()) === KEYS[0]);
      await allAreRead(client);
      let stop = false;
      const errors: string[] = [];
      const reading = (async () => {
        while (!stop) {
          const replies = await client.pipeline(KEYS.map((key) => ['GET', key]));
          // A replica may not know yet that a slot has come; its data are not lost.
          for (const reply of replies) if (reply instanceof Error) errors.push(reply.message);
        }
      })();
      const slot = slotOf(KEYS[0]);
      const owner = await cluster.ownerOf(slot);
      const other = (await nodes(true)).find((node) => node !== owner) as RealServer;
      await cluster.moveSlots([slot], other);
      const [replica] = await nodes(false);
      await command(replica.port, 'CLUSTER', 'FAILOVER');
      await waitFor('it to be a master', async () => {
        return ((await command(replica.port, 'ROLE')) as string[])[0] === 'master';
      });
      await cluster.settled();
      await waitFor('the new replica to be read', async () => {
        const [before] = [await readsOf(true)];
        for (const key of KEYS) await client.text('GET', key).catch(() => {});
        return (await readsOf(true)) === before;
      });
      stop = true;
      await reading;
      assert.deepEqual(
        errors.filter((text) => !/no replica is fit/.test(text)),
        [],
      );
    }));

  test('a replica that is gone or behind costs no error: the master is read', () =>
    withRingway({ read_from: 'prefer-replica', max_replica_lag: 0 }, async (client) => {
      await allAreRead(client);
      const replicas = await nodes(false);
      for (const replica of replicas) replica.kill('SIGKILL');
      for (const key of KEYS) assert.equal(String(await client.text('GET', key)), key);
      for (const replica of replicas) await replica.restart();
      await cluster.settled();
      await allAreRead(client);
    }));
});
