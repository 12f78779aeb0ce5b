import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { idOf, startCluster, type TestCluster } from '../support/clusters.ts';
import type { RealServer } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

/** Of one slot. */
const [ONE, OTHER] = ['{t}a', '{t}b'];
const SLOT = keySlot(Buffer.from(ONE), 0, ONE.length);

describe('a slot that a Redis Cluster moves', () => {
  let cluster: TestCluster;
  let ringway: TestRingway;
  let client: RespClient;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicas: 0 });
    const keys = { cluster: true, failover_wait: 20_000, allow_flush: true };
    ringway = await startInProcess({ servers: cluster.lines.slice(0, 1), ...keys });
    client = await RespClient.open(ringway.port);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await cluster?.stop();
  });

  function nextOf(owner: RealServer): RealServer {
    return cluster.nodes[(cluster.nodes.indexOf(owner) + 1) % cluster.nodes.length];
  }

  async function retries(): Promise<number> {
    const info = String(await command(ringway.port, 'INFO', 'topology'));
    return Number(/redirections_retry:(\d+)/.exec(info)?.[1]);
  }

  test('of two of its keys each is at another node: writes of both and of one keep their order', async () => {
    const owner = await cluster.ownerOf(SLOT);
    const next = nextOf(owner);
    await client.text('MSET', ONE, '0', OTHER, '0');
    await command(next.port, 'CLUSTER', 'SETSLOT', String(SLOT), 'IMPORTING', await idOf(owner));
    await command(owner.port, 'CLUSTER', 'SETSLOT', String(SLOT), 'MIGRATING', await idOf(next));
    const move = (key: string) => {
      return command(owner.port, 'MIGRATE', '127.0.0.1', String(next.port), key, '0', '5000');
    };
    await move(ONE);
    const before = await retries();
    const replies = client.pipeline([
      ['MSET', ONE, '1', OTHER, '1'],
      ['SET', ONE, '2'],
      ['APPEND', ONE, 'x'],
      ['MGET', ONE, OTHER],
    ]);
    await waitFor('it to be tried again', async () => (await retries()) > before + 3);
    await move(OTHER);
    assert.deepEqual((await replies).map(String), ['OK', 'OK', '2', '2x,1']);
    await cluster.moveSlots([SLOT], next);
    assert.deepEqual(await client.text('MGET', ONE, OTHER), ['2x', '1']);
  });

  test('what all nodes are asked sees what was written before, and nothing is left of it', async () => {
    for (let i = 0; i < 6; i++) {
      await client.text('FLUSHALL');
      await cluster.moveSlots([SLOT], nextOf(await cluster.ownerOf(SLOT)));
      const replies = await client.pipeline([
        ['SET', ONE, String(i)],
        ['DBSIZE'],
        ['KEYS', '*'],
        ['FLUSHALL'],
        ['GET', ONE],
      ]);
      assert.deepEqual(replies.map(String), ['OK', '1', ONE, 'OK', 'null']);
    }
  });
});
