import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { keySlot } from '../../src/distribution/slots.ts';
import { type FakeCluster, startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { delay } from '../support/wait.ts';

/** A key of the first node. */
const KEY = 'bar';
const SLOT = keySlot(Buffer.from(KEY), 0, KEY.length);

/** What nodes say to those that are not answered with OK. */
const ANSWERS: readonly (readonly [begin: string, reply: string])[] = [
  ['DBSIZE', ':1\r\n'],
  ['KEYS', '*0\r\n'],
  ['RANDOMKEY', '$-1\r\n'],
  ['SCAN', '*2\r\n$1\r\n0\r\n*0\r\n'],
  ['SCRIPT EXISTS', '*1\r\n:1\r\n'],
  ['INFO', '$0\r\n\r\n'],
  ['WAIT', ':1\r\n'],
];

describe('what all nodes of a cluster are asked', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  /** The first node sends each write elsewhere. @param late when the test says so */
  async function start(late = false) {
    const target: { cluster?: FakeCluster } = {};
    /** What any node was asked and has answered, in this order. */
    const done: string[] = [];
    let asker: Socket | null = null;
    const moved = (): string => `-MOVED ${SLOT} 127.0.0.1:${target.cluster?.ports[1]}\r\n`;
    const cluster = await startFakeCluster(2, (node, text, socket) => {
      if (node === 0 && text.startsWith('SET')) {
        asker = socket;
        return late ? '' : moved();
      }
      done.push(text);
      return ANSWERS.find(([begin]) => text.startsWith(begin))?.[1];
    });
    target.cluster = cluster;
    stops.push(() => cluster.stop());
    const ringway = await startBefore(cluster, { allow_flush: true, failover_wait: 5000 });
    stops.push(() => ringway.stop());
    const client = await RespClient.open(ringway.port);
    stops.push(async () => client.close());
    const moves = (): void => void asker?.write(moved());
    return { client, done, moves, ofSecond: cluster.asked[1] };
  }

  for (const request of [
    'FLUSHALL',
    'FLUSHDB',
    'DBSIZE',
    'KEYS *',
    'RANDOMKEY',
    'SCAN 0',
    'SCRIPT FLUSH',
    'SCRIPT EXISTS x',
    'WAIT 1 10',
    `SCRIPT LOAD ${'x'.repeat(100_000)}`,
  ]) {
    const shown = request.slice(0, 20);
    test(`does not overtake a write that a node sends on: ${shown}`, async () => {
      const { client, done, ofSecond } = await start();
      const replies = await client.pipeline([['SET', KEY, '1'], request.split(' '), ['GET', KEY]]);
      assert.equal(String(replies[0]), 'OK');
      assert.ok(!replies.some((reply) => reply instanceof Error), String(replies));
      assert.equal(done[0], `SET ${KEY} 1`);
      assert.equal(ofSecond.at(-1), `GET ${KEY}`);
    });
  }

  test('does not overtake it either when its name comes behind its length', async () => {
    const { client, done, moves } = await start(true);
    const exists = encodeRequest('SCRIPT', 'EXISTS', ...new Array<string>(11_000).fill('x'));
    const name = exists.indexOf('$');
    const set = encodeRequest('SET', KEY, '1');
    await client.send(Buffer.concat([set, exists.subarray(0, name)]));
    await delay(100);
    await client.send(exists.subarray(name));
    await delay(100);
    moves();
    assert.equal(String((await client.read(2))[0]), 'OK');
    assert.equal(done[0], `SET ${KEY} 1`);
  });
});
