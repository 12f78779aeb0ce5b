import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { keySlot } from '../../src/distribution/slots.ts';
import { startFakeCluster } from '../support/fake-cluster.ts';
import { startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

const KEY = 'bar';
const SLOT = keySlot(Buffer.from(KEY), 0, KEY.length);

for (const workers of [1, 2]) {
  const name = `a node that gets slots while a reload is made ready keeps them, ${workers} workers`;
  test(name, async () => {
    let moved = false;
    const cluster = await startFakeCluster(3, (node, text) => {
      const isMoved = moved && node === 0 && text.includes(KEY);
      return isMoved ? `-MOVED ${SLOT} 127.0.0.1:${cluster.ports[2]}\r\n` : undefined;
    });
    // It has no slots: nobody has connected to it.
    cluster.handOver(2, 0);
    const redis = await startRedis();
    // Subscriptions to a server that says nothing are what a reload waits for.
    const silent = await startFake(() => undefined);
    const socket = `/tmp/ringway-cluster-${process.pid}-${await freePort()}.sock`;
    const line = `127.0.0.1:${redis.port}:1 s1`;
    const keys = { cluster: true, failover_wait: 1000, timeout: 2000 };
    const ringway = await startChild(
      [{ servers: [`127.0.0.1:${cluster.ports[0]}`], ...keys }, { servers: [line] }],
      { args: ['--workers', String(workers), '--admin-socket', socket] },
    );
    const open = (port: number) => RespClient.open({ port, timeoutMs: 30_000 });
    const clients = await Promise.all([0, 0, 0, 0].map((i) => open(ringway.ports[i])));
    const subscribers = await Promise.all([1, 1, 1, 1].map((i) => open(ringway.ports[i])));
    const allSay = (...words: string[]) => Promise.all(clients.map((each) => each.text(...words)));
    try {
      await waitFor('the map', () => allSay('SET', KEY, '1'));
      for (const each of subscribers) await each.text('SUBSCRIBE', 'news');
      const text = readFileSync(ringway.file, 'utf8');
      const more = `${line}\n    - 127.0.0.1:${silent.port}:1 s2`;
      writeFileSync(ringway.file, text.replace(line, more));
      const reload = askAdmin(socket, 'reload', 20_000);
      await waitFor('it to be made ready', () => silent.connections > 0);
      moved = true;
      cluster.handOver(0, 2);
      assert.deepEqual(await allSay('SET', KEY, '2'), ['OK', 'OK', 'OK', 'OK']);
      await reload;
      const before = cluster.asked[2].length;
      assert.deepEqual(await allSay('SET', KEY, '3'), ['OK', 'OK', 'OK', 'OK']);
      assert.equal(cluster.asked[2].length, before + 4);
    } finally {
      for (const client of [...clients, ...subscribers]) client.close();
      await ringway.stop();
      await Promise.all([cluster, redis, silent].map((each) => each.stop()));
    }
  });
}
