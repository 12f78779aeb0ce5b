import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { type FakeCluster, startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { waitFor } from '../support/wait.ts';

const KEY = 'bar';
const SLOT = keySlot(Buffer.from(KEY), 0, KEY.length);
const LARGE = 'x'.repeat(600_000);

describe('replies larger than client_output_limit behind a request that is redirected', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  /** @returns what a client gets that asks all of it at once, while its slot has moved for SET */
  async function answersTo(...requests: readonly string[]): Promise<string[]> {
    const target: { cluster?: FakeCluster } = {};
    const cluster = await startFakeCluster(2, (node, text) => {
      if (node === 1) return undefined;
      if (text.startsWith('SET')) {
        return `-MOVED ${SLOT} 127.0.0.1:${target.cluster?.ports[1]}\r\n`;
      }
      return text === `GET ${KEY}` ? `$${LARGE.length}\r\n${LARGE}\r\n` : undefined;
    });
    target.cluster = cluster;
    stops.push(() => cluster.stop());
    const ringway = await startBefore(cluster, {
      failover_wait: 1500,
      client_output_limit: 65_536,
    });
    stops.push(() => ringway.stop());
    const client = await RespClient.open(ringway.port);
    stops.push(async () => client.close());
    await waitFor('the first answer', async () => (await client.text('PING')) === 'PONG');
    const replies = client.read(requests.length);
    const bytes = requests.map((text) => encodeRequest(...text.split(' ')));
    await client.send(Buffer.concat(bytes));
    return (await replies).map((reply) => (reply instanceof Error ? reply.message : String(reply)));
  }

  test('let it go on when they are the last that its client waits for', async () => {
    assert.deepEqual(await answersTo(`SET ${KEY} 1`, `GET ${KEY}`), ['OK', LARGE]);
  });

  test('have it fail when its client has asked for more behind them', async () => {
    const replies = await answersTo(`SET ${KEY} 1`, `GET ${KEY}`, `STRLEN ${KEY}`);
    assert.deepEqual(replies, [`TRYAGAIN slot ${SLOT} is moving`, LARGE, 'OK']);
  });
});
