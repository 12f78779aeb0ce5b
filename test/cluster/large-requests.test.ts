import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { keySlot } from '../../src/distribution/slots.ts';
import { startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { poolFile, startInProcess, VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

/** Keys of a slot that a node has, and of one that nobody has. */
const [OWNED, UNOWNED] = ['bar', 'foo'];
const DOWN = 'ReplyError: CLUSTERDOWN Hash slot not served';
const LARGE = 'x'.repeat(200_000);
const SLOT = keySlot(Buffer.from(OWNED), 0, OWNED.length);

describe('a large request of a cluster that is kept whole', () => {
  for (const [how, sendsElsewhere] of [
    ['MOVED', (port: number) => `-MOVED ${SLOT} 127.0.0.1:${port}\r\n`],
    ['ASK', (port: number) => `-ASK ${SLOT} 127.0.0.1:${port}\r\n`],
  ] as const) {
    test(`goes where its node sends it, with little room for what is queued: ${how}`, async (t) => {
      const target: { ports: readonly number[] } = { ports: [] };
      const cluster = await startFakeCluster(2, (node, text) => {
        const isMoved = node === 0 && text.startsWith(`SET ${OWNED}`);
        return isMoved ? sendsElsewhere(target.ports[1]) : undefined;
      });
      target.ports = cluster.ports;
      t.after(() => cluster.stop());
      const ringway = await startBefore(cluster, { server_output_limit: 65_536 });
      t.after(() => ringway.stop());
      const client = await RespClient.open(ringway.port);
      t.after(() => client.close());
      const set = ['SET', OWNED, LARGE];
      const replies = await client.pipeline([set, set, set, ['GET', `{${OWNED}}2`]]);
      assert.deepEqual(replies.map(String), ['OK', 'OK', 'OK', 'OK']);
      const sets = cluster.asked[1].filter((text) => text === set.join(' '));
      assert.equal(sets.length, 3);
    });
  }
});

for (const variant of VARIANTS.slice(0, 3)) {
  for (const [how, most] of [
    ['streamed', 65_536],
    ['kept whole', 4_194_304],
  ] as const) {
    describe(`a large request of a cluster that is ${how}, ${variant.label}`, () => {
      const stops: (() => Promise<unknown>)[] = [];
      after(async () => {
        for (const stop of stops.toReversed()) await stop();
      });

      const keysOf = (failoverWaitMs: number) => {
        return { failover_wait: failoverWaitMs, max_assembled_request: most, timeout: 0 };
      };

      async function open(port: number): Promise<RespClient> {
        const client = await RespClient.open(port);
        stops.push(async () => client.close());
        return client;
      }

      async function start(failoverWaitMs: number) {
        const cluster = await startFakeCluster(2, () => undefined);
        stops.push(() => cluster.stop());
        cluster.disown(1);
        const ringway = await startBefore(cluster, keysOf(failoverWaitMs), variant);
        stops.push(() => ringway.stop());
        return { cluster, ringway, client: await open(ringway.port) };
      }

      test('waits for an owner of its slot, and what is behind it, too', async () => {
        const { cluster, client } = await start(60_000);
        const requests = [
          ['SET', OWNED, '0'],
          ['SET', UNOWNED, LARGE],
          ['GET', UNOWNED],
        ];
        const replies = client.pipeline(requests);
        const { looks } = cluster;
        await waitFor('somebody to look for an owner', () => cluster.looks > looks + 1);
        assert.deepEqual(cluster.asked.flat(), [`SET ${OWNED} 0`]);
        cluster.own(1, 0);
        assert.deepEqual((await replies).map(String), ['OK', 'OK', 'OK']);
        assert.deepEqual(
          cluster.asked[0].slice(1).map((text) => text.length),
          [`SET ${UNOWNED} ${LARGE}`.length, `GET ${UNOWNED}`.length],
        );
      });

      test('goes on, as smaller ones do, when its pool is no cluster any more', async () => {
        const { cluster, ringway, client } = await start(60_000);
        const other = await open(ringway.port);
        const { looks } = cluster;
        const replies = [client, other].map((each, i) => {
          return each.pipeline([['SET', UNOWNED, i === 0 ? LARGE : 'small']]);
        });
        await waitFor('somebody to look for an owner', () => cluster.looks > looks + 1);
        const { text } = await poolFile([
          {
            listen: `127.0.0.1:${ringway.port}`,
            servers: [`127.0.0.1:${cluster.ports[0]}`],
            max_assembled_request: most,
          },
        ]);
        await ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
        assert.deepEqual((await Promise.all(replies)).map(String), ['OK', 'OK']);
      });

      test('is not served when there is none in time: others are', async () => {
        const { cluster, client, ringway } = await start(200);
        const other = await open(ringway.port);
        const replies = client.pipeline([
          ['SET', UNOWNED, LARGE],
          ['SET', OWNED, LARGE],
        ]);
        assert.deepEqual(await other.text('GET', OWNED), 'OK');
        assert.deepEqual((await replies).map(String), [DOWN, 'OK']);
        assert.ok(cluster.asked.flat().every((text) => !text.includes(UNOWNED)));
      });

      test('whose client leaves while it waits is not carried out', async () => {
        const { cluster, client, ringway } = await start(60_000);
        const asked = client.pipeline([['SET', UNOWNED, LARGE]]).then(String, String);
        const { looks } = cluster;
        await waitFor('somebody to look for an owner', () => cluster.looks > looks + 1);
        client.reset();
        await asked;
        cluster.own(1, 0);
        const other = await open(ringway.port);
        assert.deepEqual(await other.text('SET', UNOWNED, '1'), 'OK');
        assert.deepEqual(cluster.asked[0], [`SET ${UNOWNED} 1`]);
      });

      test('whose client sends only a part of it and no more: the client is closed', async () => {
        const { cluster, client } = await start(60_000);
        const part = encodeRequest('SET', OWNED, LARGE).subarray(0, 150_000);
        const replies = client.readToEnd();
        await client.send(Buffer.concat([encodeRequest('GET', OWNED), part]));
        await waitFor('the first to be asked', () => cluster.asked.flat().length > 0);
        await delay(100);
        client.halfClose();
        const [first, ...more] = String(await replies).split('\r\n');
        assert.equal(first, '+OK');
        assert.deepEqual(more, how === 'streamed' ? ['-ERR unknown', ''] : ['']);
      });

      /** No slots are known before show(). */
      async function startUnknown() {
        const cluster = await startFakeCluster(2, () => undefined);
        stops.push(() => cluster.stop());
        const joins = [cluster.hide(0), cluster.hide(1)];
        const servers = [`127.0.0.1:${cluster.ports[0]}`];
        const keys = { ...keysOf(60_000), request_read_timeout: 300 };
        const ringway = await startInProcess({ servers, cluster: true, ...keys }, variant);
        stops.push(() => ringway.stop());
        const show = (): void => {
          for (const join of joins) join();
        };
        return { cluster, show, client: await open(ringway.port) };
      }

      test('waits until any slots are known', async () => {
        const { cluster, show, client } = await startUnknown();
        const isKept = how === 'kept whole';
        const several = isKept ? [['MSET', OWNED, LARGE, UNOWNED, LARGE]] : [];
        const replies = client.pipeline([['SET', OWNED, LARGE], ...several, ['GET', OWNED]]);
        await delay(800);
        assert.deepEqual(cluster.asked.flat(), []);
        show();
        assert.deepEqual((await replies).map(String), isKept ? ['OK', 'OK', 'OK'] : ['OK', 'OK']);
      });

      test('of too many keys is refused then, though its end has come meanwhile', async () => {
        const { cluster, show, client } = await startUnknown();
        const half = 'x'.repeat(most / 2);
        const replies = client.pipeline([
          ['MSET', OWNED, half, UNOWNED, half],
          ['GET', OWNED],
        ]);
        await delay(100);
        assert.deepEqual(cluster.asked.flat(), []);
        show();
        const [refused, got] = (await replies).map(String);
        assert.match(refused, /larger than max_assembled_request/);
        assert.deepEqual([got, cluster.asked.flat()], ['OK', [`GET ${OWNED}`]]);
      });
    });
  }
}
