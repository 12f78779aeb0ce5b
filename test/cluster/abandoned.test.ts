import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { startCluster } from '../support/clusters.ts';
import { type FakeCluster, startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

/** A key of the first of two nodes. */
const KEY = 'bar';
const LOST = /its server is no longer the master/;

describe('a node of a cluster that has lost its slots, where requests have no timeout', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  async function open(port: number): Promise<RespClient> {
    const client = await RespClient.open({ port, timeoutMs: 30_000 });
    stops.push(async () => client.close());
    return client;
  }

  /** Two nodes, the first of which does not answer, and requests that it was sent. */
  async function begin() {
    const sockets: Socket[] = [];
    const cluster = await startFakeCluster(2, (node, text, socket) => {
      if (node === 1) return text.startsWith('GET') ? '$3\r\nnew\r\n' : undefined;
      sockets.push(socket);
      return '';
    });
    stops.push(() => cluster.stop());
    const ringway = await startBefore(cluster, { failover_wait: 1500 });
    stops.push(() => ringway.stop());
    const [reader, writer] = [await open(ringway.port), await open(ringway.port)];
    const read = reader.pipeline([['GET', KEY]]);
    const written = writer.pipeline([['SET', KEY, '1']]);
    await waitFor('both to be sent', () => cluster.asked[0].length === 2);
    return { cluster, ringway, sockets, reader, read, written };
  }

  async function lose({ handOver }: FakeCluster, log: readonly string[]): Promise<void> {
    handOver(0, 1);
    await waitFor('the map', () => /has 16384 slots/.test(log.join()), 30_000);
  }

  test('is abandoned when it has failed: reads go to the heir, writes have an error', async () => {
    const { cluster, ringway, reader, read, written } = await begin();
    cluster.fail(0);
    await lose(cluster, ringway.log);
    assert.match(String(await written), LOST);
    assert.deepEqual((await read).map(String), ['new']);
    assert.equal(cluster.asked[1].filter((text) => text.startsWith('SET')).length, 0);
    // Nor does anybody vouch for what was written there before.
    assert.equal(await reader.text('WAIT', 1, 100), 0);
  });

  test('answers what it was sent when it has not failed', async () => {
    const { cluster, ringway, sockets, read, written } = await begin();
    await lose(cluster, ringway.log);
    for (const [i, text] of cluster.asked[0].entries()) {
      sockets[i].write(text.startsWith('GET') ? '$3\r\nold\r\n' : '+OK\r\n');
    }
    assert.deepEqual((await read).map(String), ['old']);
    assert.deepEqual((await written).map(String), ['OK']);
  });

  test('is abandoned when it hangs and its replica is promoted', async () => {
    const cluster = await startCluster({ masters: 3, replicas: 1 });
    stops.push(() => cluster.stop());
    const ringway = await startInProcess({ servers: cluster.lines.slice(0, 3), cluster: true });
    stops.push(() => ringway.stop());
    const [reader, writer] = [await open(ringway.port), await open(ringway.port)];
    assert.equal(await writer.text('SET', KEY, 'kept'), 'OK');
    const slot = keySlot(Buffer.from(KEY), 0, KEY.length);
    const hung = await cluster.ownerOf(slot);
    assert.equal(await writer.text('WAIT', 1, 5000), 1);
    hung.kill('SIGSTOP');
    const [read, written] = await Promise.all([
      reader.pipeline([['GET', KEY]]),
      writer.pipeline([['SET', KEY, 'lost']]),
    ]);
    assert.deepEqual(read.map(String), ['kept']);
    assert.match(String(written), LOST);
    assert.equal(await writer.text('SET', KEY, 'next'), 'OK');
  });
});
