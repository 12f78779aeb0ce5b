import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { startFakeSentinel } from '../support/fake-sentinel.ts';
import { freePort } from '../support/free-port.ts';
import { NameServer } from '../support/name-server.ts';
import { startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { startChild, startInProcess } from '../support/ringway.ts';
import { command } from '../support/sentinels.ts';
import { waitFor } from '../support/wait.ts';

describe('WAIT behind a failover', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  /** @param args of a program with processes of its own; null = it runs in this one */
  async function start(args: readonly string[] | null = null) {
    const [before, now, replica] = await Promise.all([startRedis(), startRedis(), startRedis()]);
    for (const server of [before, now, replica]) stops.push(() => server.stop());
    await command(replica.port, 'REPLICAOF', '127.0.0.1', String(now.port));
    const master = { port: before.port, epoch: 1, replicas: [now.port] };
    const sentinel = await startFakeSentinel({ cache: master });
    stops.push(() => sentinel.stop());
    const servers = [`127.0.0.1:${before.port}:1 cache`];
    const sentinels = [`127.0.0.1:${sentinel.port}`];
    const pool = { servers, sentinels };
    const ringway = await (args === null ? startInProcess(pool) : startChild(pool, { args }));
    stops.push(() => ringway.stop());
    await waitFor('the replica', async () => {
      return String(await command(now.port, 'INFO', 'replication')).includes('state=online');
    });
    async function open(): Promise<RespClient> {
      const client = await RespClient.open({ port: ringway.port, timeoutMs: 20_000 });
      stops.push(async () => client.close());
      return client;
    }
    async function move(): Promise<void> {
      const { log } = ringway;
      sentinel.masters.set('cache', { port: now.port, epoch: 2, replicas: [before.port] });
      const text = `cache 127.0.0.1 ${before.port} 127.0.0.1 ${now.port}`;
      sentinel.publish('+switch-master', text);
      await waitFor('the move', () => log.some((line) => line.includes('has moved')));
    }
    const demote = () => command(before.port, 'REPLICAOF', '127.0.0.1', String(now.port));
    return { open, move, demote };
  }

  test('vouches for no write that the new master may not have, and for those from then on', async () => {
    const { open, move } = await start();
    const client = await open();
    assert.equal(await client.text('SET', 'k', 'v'), 'OK');
    await move();
    assert.equal(await client.text('WAIT', 1, 500), 0);
    assert.equal(await client.text('GET', 'k'), null);
    assert.equal(await client.text('SET', 'k', 'w'), 'OK');
    assert.equal(await client.text('WAIT', 1, 5000), 1);
    const later = await open();
    assert.equal(await later.text('SET', 'k', 'x'), 'OK');
    assert.equal(await later.text('WAIT', 1, 5000), 1);
  });

  test('vouches for none of them in another process either, whichever command asks', async () => {
    const socket = `/tmp/ringway-wait-${process.pid}-${await freePort()}.sock`;
    const { open, move } = await start([
      '--admin-socket',
      socket,
      '--http-addr',
      'off',
      '--workers',
      '2',
    ]);
    const [one, other] = [await open(), await open()];
    for (const client of [one, other]) assert.equal(await client.text('SET', 'k', 'v'), 'OK');
    await move();
    // Who has been told is told no more, wherever it goes.
    assert.equal(await other.text('WAIT', 1, 500), 0);
    assert.equal(await other.text('SET', 'k', 'w'), 'OK');
    assert.equal(await other.text('WAIT', 1, 5000), 1);
    await askAdmin(socket, 'restart', 30_000);
    assert.equal(await one.text('WAIT', 1, 500), 0);
    assert.equal(await one.text('WAIT', 1, 5000), 1);
    assert.equal(await other.text('WAIT', 1, 5000), 1);
  });

  test('vouches for what was written to a name that leads where it led, in the next program', async () => {
    const names = new NameServer();
    await names.open();
    stops.push(async () => names.close());
    const [master, replica] = await Promise.all([startRedis(), startRedis()]);
    for (const each of [master, replica]) stops.push(() => each.stop());
    await command(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port));
    await waitFor('the replica', async () => {
      return String(await command(master.port, 'INFO', 'replication')).includes('state=online');
    });
    const socket = `/tmp/ringway-wait-${process.pid}-${await freePort()}.sock`;
    const servers = [`redis-0.test:${master.port}:1 cache`];
    const ringway = await startChild(
      { servers, dns: 'resolver', dns_interval: 1000 },
      {
        args: ['--admin-socket', socket, '--http-addr', 'off'],
        env: names.env,
      },
    );
    let next = 0;
    stops.push(async () => {
      if (next !== 0) process.kill(next, 'SIGKILL');
      await ringway.stop();
    });
    await waitFor('the name', () => names.asked > 1);
    const client = await RespClient.open({ port: ringway.port, timeoutMs: 20_000 });
    stops.push(async () => client.close());
    await waitFor('the server', async () => {
      return (await client.command('SET', 'k', 'v').catch(() => '')) === 'OK';
    });
    assert.equal(await client.text('WAIT', 1, 5000), 1);
    // The next program cannot find out by itself.
    names.address = null;
    next = ((await askAdmin(socket, 'upgrade', 30_000)) as { pid: number }).pid;
    await waitFor('the next process', () => ringway.child.exitCode !== null);
    assert.equal(await client.text('WAIT', 1, 5000), 1);
  });

  test('counts none while its server is a replica already, and nobody has said who is the master', async () => {
    const { open, move, demote } = await start();
    const client = await open();
    assert.equal(await client.text('SET', 'k', 'v'), 'OK');
    await demote();
    assert.equal(await client.text('WAIT', 1, 50), 0);
    const waits = client.text('WAIT', 1, 0);
    await move();
    assert.equal(await waits, 0);
    assert.equal(await client.text('SET', 'k', 'w'), 'OK');
    assert.equal(await client.text('WAIT', 1, 5000), 1);
  });

  test('ends with none when the master moves while it waits', async () => {
    const { open, move } = await start();
    const client = await open();
    assert.equal(await client.text('SET', 'k', 'v'), 'OK');
    const waits = client.text('WAIT', 1, 0);
    await move();
    assert.equal(await waits, 0);
  });
});
