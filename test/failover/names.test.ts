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
  let pod: Server;

  before(async () => {
    setServers([await names.open()]);
    first = await startRedis();
    // A pod that comes back has its port, and another address.
    second = await startRedis();
    pod = createServer((socket) => {
      const other = connect(second.port, '127.0.0.1');
      for (const each of [socket, other]) each.on('error', () => {});
      socket.pipe(other).pipe(socket);
    });
    await new Promise<void>((resolve) => pod.listen(first.port, '127.0.0.2', resolve));
  });
  after(async () => {
    setServers(usual);
    names.close();
    pod?.close();
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
});
