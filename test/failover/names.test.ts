import assert from 'node:assert/strict';
import { getServers, setServers } from 'node:dns';
import { connect, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { NameServer } from '../support/name-server.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startInProcess } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

const NAME = 'redis-0.redis.test';

describe('a server whose name leads elsewhere', () => {
  const names = new NameServer();
  const usual = getServers();
  let first: RealServer;
  let second: RealServer;
  const pods: Server[] = [];

  before(async () => {
    setServers([await names.open()]);
    first = await startRedis();
    // A pod that comes back has its port, and another address.
    second = await startRedis();
    await openPod(first, second);
  });

  /** What the name leads to later. */
  async function openPod(before: RealServer, now: RealServer): Promise<void> {
    const pod = createServer((socket) => {
      const other = connect(now.port, '127.0.0.1');
      for (const each of [socket, other]) each.on('error', () => {});
      socket.pipe(other).pipe(socket);
    });
    pods.push(pod);
    await new Promise<void>((resolve) => pod.listen(before.port, '127.0.0.2', resolve));
  }
  after(async () => {
    setServers(usual);
    names.close();
    for (const pod of pods) pod.close();
    await Promise.all([first?.stop(), second?.stop()]);
  });

  test('is followed though the old one answers; nobody looks up for each connection', async () => {
    const ringway = await startInProcess({
      servers: [`${NAME}:${first.port}:1 redis-0`],
      dns: 'resolver',
      dns_interval: 1000,
    });
    const client = await RespClient.open(ringway.port);
    try {
      await waitFor('the name to be known', () => names.asked > 0);
      await waitFor('the first', async () => (await client.text('SET', 'a', 1)) === 'OK');
      assert.equal(await command(first.port, 'GET', 'a'), '1');
      names.address = '127.0.0.2';
      await waitFor('the second', async () => (await client.text('GET', 'a')) === null);
      assert.match(ringway.log.join('\n'), /leads from 127\.0\.0\.1 to 127\.0\.0\.2 now/);
      // No name server any more: the last address stays, also for new connections.
      names.address = null;
      await client.text('SELECT', 1);
      assert.equal(await client.text('SET', 'a', 2), 'OK', 'over a connection that is new');
      assert.equal(await command(first.port, 'GET', 'a'), '1');
    } finally {
      client.close();
      await ringway.stop();
    }
  });

  test('is followed though it is only read', async () => {
    const args = ['--repl-diskless-sync-delay', '0'];
    const replicaOf = [...args, '--replicaof', '127.0.0.1', String(first.port)];
    const replicas = await Promise.all([1, 2].map(() => startRedis({ args: replicaOf })));
    const [old, heir] = replicas;
    await openPod(old, heir);
    names.address = '127.0.0.1';
    const ringway = await startInProcess({
      servers: [`127.0.0.1:${first.port}:1 s1`],
      replicas: [`${NAME}:${old.port} s1`],
      read_from: 'prefer-replica',
      ...{ dns: 'resolver', dns_interval: 1000 },
    });
    const client = await RespClient.open(ringway.port);
    const reads = async (): Promise<string[]> => {
      const stats = await Promise.all(
        replicas.map(({ port }) => command(port, 'INFO', 'commandstats')),
      );
      return stats.map((each) => /cmdstat_get:calls=(\d+)/.exec(String(each))?.[1] ?? '0');
    };
    /** Until one of them alone is read. */
    const isRead = (index: number) => async (): Promise<boolean> => {
      const before = await reads();
      await client.text('GET', 'a');
      const now = await reads();
      return now[index] !== before[index] && now[1 - index] === before[1 - index];
    };
    try {
      await waitFor('the first', isRead(0));
      names.address = '127.0.0.2';
      await waitFor('the second', isRead(1));
    } finally {
      client.close();
      await ringway.stop();
      await Promise.all(replicas.map((each) => each.stop()));
    }
  });
});
