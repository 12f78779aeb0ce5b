import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { type FakeCluster, startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { RespClient } from '../support/resp-client.ts';

const KEY = 'bar';
const SLOT = keySlot(Buffer.from(KEY), 0, KEY.length);
const REPLICA = 'slave0:ip=127.0.0.1,port=1,state=online,offset=9,lag=0\r\n';

/** INFO replication of a master. */
function infoOf(replicas: string): string {
  const text = `role:master\r\nmaster_repl_offset:9\r\n${replicas}`;
  return `$${text.length}\r\n${text}\r\n`;
}

describe('WAIT in a cluster', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  test('asks a node as well that keys have gone to before it has a slot, and no other one without', async () => {
    const target: { cluster?: FakeCluster } = {};
    let isMoving = false;
    const cluster = await startFakeCluster(3, (node, text) => {
      if (text === 'INFO replication') return infoOf(node === 2 ? '' : REPLICA);
      if (node === 2 || !isMoving || !text.startsWith('SET')) return undefined;
      return `-ASK ${SLOT} 127.0.0.1:${target.cluster?.ports[2]}\r\n`;
    });
    target.cluster = cluster;
    stops.push(() => cluster.stop());
    cluster.handOver(2, 1);
    const ringway = await startBefore(cluster);
    stops.push(() => ringway.stop());
    const client = await RespClient.open(ringway.port);
    stops.push(async () => client.close());
    assert.equal(await client.text('SET', KEY, 'v'), 'OK');
    assert.equal(await client.text('WAIT', 1, 50), 1);
    isMoving = true;
    assert.equal(await client.text('SET', KEY, 'w'), 'OK');
    assert.equal(await client.text('WAIT', 1, 50), 0);
  });
});
