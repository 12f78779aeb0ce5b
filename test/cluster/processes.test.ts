import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { keySlot } from '../../src/distribution/slots.ts';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import { freePort } from '../support/free-port.ts';
import { NumberedLoad } from '../support/numbered-load.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { waitFor } from '../support/wait.ts';

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);
const USERS = ['default off', 'writer on >secret ~key:* +@all', 'reader on >secret ~key:1* +get'];

describe('a cluster behind two workers, with users', () => {
  let cluster: TestCluster;
  let ringway: ChildRingway;
  let socket: string;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicas: 0 });
    socket = `/tmp/ringway-cluster-${await freePort()}.sock`;
    ringway = await startChild(
      { servers: cluster.lines.slice(0, 1), cluster: true, users: USERS, timeout: 2000 },
      { args: ['--workers', '2', '--admin-socket', socket] },
    );
  });
  after(async () => {
    await ringway?.stop();
    await cluster?.stop();
  });

  async function open(user: string): Promise<RespClient> {
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.text('AUTH', user, 'secret'), 'OK');
    return client;
  }

  test('all of them know all slots', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => open('writer')));
    for (const client of clients) {
      for (const key of KEYS) assert.equal(await client.text('SET', key, key), 'OK');
      assert.deepEqual(await client.text('MGET', ...KEYS), KEYS);
      client.close();
    }
  });

  test('users may what their rules say, whatever slot a key has', async () => {
    const reader = await open('reader');
    assert.equal(await reader.text('GET', 'key:10'), 'key:10');
    await assert.rejects(reader.text('GET', 'key:20'), /NOPERM/);
    await assert.rejects(reader.text('SET', 'key:10', 1), /NOPERM/);
    await assert.rejects(reader.text('MGET', 'key:10', 'key:11'), /NOPERM/);
    reader.close();
  });

  test('clients keep their keys over a reload, and slots that move meanwhile', async () => {
    const writer = await open('writer');
    const key = KEYS[0];
    const slot = keySlot(Buffer.from(key), 0, key.length);
    const owner = await cluster.ownerOf(slot);
    const other = cluster.nodes.find((node) => node !== owner) as typeof owner;
    let stop = false;
    const writes = (async () => {
      let n = 0;
      while (!stop) assert.equal(await writer.text('SET', key, ++n), 'OK');
      return n;
    })();
    const text = readFileSync(ringway.file, 'utf8');
    for (const timeout of [3000, 4000]) {
      writeFileSync(ringway.file, text.replace('timeout: 2000', `timeout: ${timeout}`));
      await Promise.all([
        askAdmin(socket, 'reload', 20_000),
        cluster.moveSlots([slot], timeout === 3000 ? other : owner),
      ]);
    }
    stop = true;
    const last = await writes;
    assert.equal(await writer.text('GET', key), String(last));
    writer.close();
  });
});

describe('a cluster behind workers that are restarted one by one', () => {
  test('answers all the time, and subscribers hear all', async () => {
    const cluster = await startCluster({ masters: 3, replicas: 0 });
    const socket = `/tmp/ringway-cluster-${await freePort()}.sock`;
    const spec = { servers: cluster.lines.slice(0, 1), cluster: true, timeout: 2000 };
    const args = ['--workers', '2', '--admin-socket', socket];
    const ringway = await startChild(spec, { args });
    try {
      const load = new NumberedLoad({ port: ringway.port, clients: 6, depth: 2 });
      await waitFor('some load', () => load.acknowledged > 100);
      await askAdmin(socket, 'restart', 30_000);
      const served = load.acknowledged;
      await waitFor('more load', () => load.acknowledged > served + 100);
      const { errors, wrong, lost } = await load.stop();
      assert.deepEqual([[...errors], wrong, lost], [[], [], 0]);
      // Channels are heard at one node, shard channels at their owners.
      const [client, writer] = await Promise.all([1, 2].map(() => Subscriber.open(ringway.port)));
      const shards = Array.from({ length: 6 }, (_, i) => `shard:${i}`);
      await client.ask(['SUBSCRIBE', 'news']);
      await client.ask(['PSUBSCRIBE', '*']);
      for (const name of shards) await client.ask(['SSUBSCRIBE', name]);
      let stop = false;
      const publishing = (async () => {
        let n = 0;
        for (; !stop; n++) {
          await writer.ask(['PUBLISH', 'news', `${n}`]);
          for (const name of shards) await writer.ask(['SPUBLISH', name, `${n}`]);
        }
        return n;
      })();
      await askAdmin(socket, 'restart', 60_000);
      stop = true;
      const count = await publishing;
      const heard = await client.take(count * 8);
      const numbers = Array.from({ length: count }, (_, n) => `${n}`);
      const like = (head: string): string[] => heard.filter((each) => each.startsWith(head));
      assert.deepEqual(
        like('*3\r\n$7\r\nmessage'),
        numbers.map((n) => frame('*', 'message', 'news', n)),
      );
      assert.deepEqual(
        like('*4'),
        numbers.map((n) => frame('*', 'pmessage', '*', 'news', n)),
      );
      for (const name of shards) {
        assert.deepEqual(
          heard.filter((each) => each.includes(`\r\n${name}\r\n`)),
          numbers.map((n) => frame('*', 'smessage', name, n)),
        );
      }
      assert.equal(client.closed, false);
      for (const each of [client, writer]) each.close();
    } finally {
      await ringway.stop();
      await cluster.stop();
    }
  });
});
