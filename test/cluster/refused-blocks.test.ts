import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { RespClient } from '../support/resp-client.ts';
import { VARIANTS } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const REFUSALS = [
  '-CLUSTERDOWN Hash slot not served',
  '-TRYAGAIN Multiple keys request during rehashing of slot',
];
/** A key of the first node. */
const KEY = 'bar';
const SLOT = keySlot(Buffer.from(KEY), 0, KEY.length);
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n';

for (const variant of VARIANTS) {
  describe(`a transaction whose requests a node of a cluster refuses, ${variant.label}`, () => {
    for (const refusal of REFUSALS) {
      test(`gets its own replies, and others get theirs: ${refusal}`, async (t) => {
        let refuses = false;
        const cluster = await startFakeCluster(1, (_, text) => {
          if (text.startsWith('SET') && refuses) return `${refusal}\r\n`;
          if (text === 'DISCARD') return '-ERR DISCARD without MULTI\r\n';
          if (text === 'EXEC') return refuses ? ABORTED : '*1\r\n+OK\r\n';
          return text.startsWith('GET') ? `+${text.slice(4)}\r\n` : undefined;
        });
        t.after(() => cluster.stop());
        const ringway = await startBefore(cluster, { failover_wait: 100 }, variant);
        t.after(() => ringway.stop());
        const clients = [await RespClient.open(ringway.port), await RespClient.open(ringway.port)];
        t.after(() => {
          for (const client of clients) client.close();
        });
        // From the first one ringway learns what the node does with transactions.
        await clients[0].pipeline([['MULTI'], ['SET', 'a', '0'], ['EXEC']]);
        refuses = true;
        const words = ['MULTI', 'SET a 1', 'SET a 2', 'EXEC'].map((text) => text.split(' '));
        const others = Array.from({ length: 20 }, (_, i) => ['GET', `other${i}`]);
        const [block, got] = await Promise.all([
          clients[0].pipeline([...words, ['GET', 'mine']]),
          clients[1].pipeline(others),
        ]);
        assert.match(String(block[3]), /EXECABORT/);
        assert.equal(block[4], 'mine');
        assert.deepEqual(
          got,
          others.map(([, key]) => key),
        );
      });
    }

    test('and is sent on to another is answered in the version that it was asked in', async (t) => {
      const target: { ports?: readonly number[] } = {};
      const said: string[] = [];
      let moved = false;
      const cluster = await startFakeCluster(2, (node, text) => {
        if (node === 1) said.push(text);
        if (text === 'HELLO 3') return '%1\r\n$5\r\nproto\r\n:3\r\n';
        if (text.startsWith('SET') && node === 0) {
          moved = true;
          return `-MOVED ${SLOT} 127.0.0.1:${target.ports?.[1]}\r\n`;
        }
        if (text === 'DISCARD') return '-ERR DISCARD without MULTI\r\n';
        if (text !== 'EXEC') return undefined;
        if (node === 0) return moved ? ABORTED : '*0\r\n';
        return moved ? '*1\r\n+OK\r\n' : '*0\r\n';
      });
      t.after(() => cluster.stop());
      target.ports = cluster.ports;
      const ringway = await startBefore(cluster, {}, variant);
      t.after(() => ringway.stop());
      const client = await Subscriber.open(ringway.port);
      t.after(() => client.close());
      client.send(['MULTI'], ['SET', KEY, '1'], ['EXEC'], ['HELLO', '3'], ['PING']);
      const replies = await client.take(5);
      assert.ok(moved && said.includes('EXEC'), 'it was sent on');
      assert.equal(replies[4], '+PONG\r\n');
      assert.ok(!said.includes('HELLO 3'), 'on a connection of the first version');
    });

    test('waits for an owner of its slot, and is carried out there', async (t) => {
      let executed = false;
      let refused = false;
      const cluster = await startFakeCluster(2, (node, text) => {
        if (text.startsWith('SET')) {
          executed ||= node === 1;
          refused ||= node === 0;
          return node === 0 ? `${REFUSALS[0]}\r\n` : '+QUEUED\r\n';
        }
        if (text === 'DISCARD') return '-ERR DISCARD without MULTI\r\n';
        if (text !== 'EXEC') return undefined;
        // Before that, it is asked what becomes of an empty one.
        if (node === 0) return refused ? ABORTED : '*0\r\n';
        return executed ? '*1\r\n+OK\r\n' : '*0\r\n';
      });
      t.after(() => cluster.stop());
      const ringway = await startBefore(cluster, { failover_wait: 60_000 }, variant);
      t.after(() => ringway.stop());
      const client = await RespClient.open({ port: ringway.port, timeoutMs: 30_000 });
      t.after(() => client.close());
      cluster.disown(0);
      const asked = client.pipeline([['MULTI'], ['SET', KEY, '1'], ['EXEC'], ['PING']]);
      await waitFor('the map', () => /has no slots any more/.test(ringway.log.join()));
      const { looks } = cluster;
      await waitFor('somebody to look for an owner', () => cluster.looks > looks + 1);
      assert.equal(executed, false);
      cluster.own(0, 1);
      assert.deepEqual((await asked).map(String), ['OK', 'QUEUED', 'OK', 'PONG']);
    });

    test('and is sent on to a node that begins none hears why, and does not wait', async (t) => {
      const target: { ports?: readonly number[] } = {};
      let moved = false;
      const cluster = await startFakeCluster(2, (node, text) => {
        const begins = node === 0;
        if (text.startsWith('SET') && begins) {
          moved = true;
          return `-MOVED ${SLOT} 127.0.0.1:${target.ports?.[1]}\r\n`;
        }
        if (text === 'MULTI') return begins ? undefined : '-NOPERM no MULTI here\r\n';
        if (text === 'DISCARD') return '-ERR DISCARD without MULTI\r\n';
        if (text !== 'EXEC') return undefined;
        if (begins) return moved ? ABORTED : '*0\r\n';
        return '-ERR EXEC without MULTI\r\n';
      });
      t.after(() => cluster.stop());
      target.ports = cluster.ports;
      const ringway = await startBefore(cluster, { failover_wait: 60_000 }, variant);
      t.after(() => ringway.stop());
      const client = await RespClient.open(ringway.port);
      t.after(() => client.close());
      const replies = await client.pipeline([['MULTI'], ['SET', KEY, '1'], ['EXEC'], ['PING']]);
      assert.match(String(replies[2]), /EXECABORT .*NOPERM no MULTI here/);
      assert.equal(replies[3], 'PONG');
    });
  });
}
