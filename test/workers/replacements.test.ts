import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { startFake } from '../support/fake-server.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, type PoolSpec, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

describe('a worker that starts in the place of one that crashed', () => {
  let redis: RealServer[] = [];
  const stops: (() => Promise<unknown> | unknown)[] = [];
  before(async () => {
    redis = await Promise.all([1, 2].map(() => startRedis()));
  });
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
    await Promise.all(redis.map((server) => server.stop()));
  });

  async function run(pools: PoolSpec[]): Promise<ChildRingway & { readonly socket: string }> {
    const socket = `/tmp/ringway-replacements-${process.pid}-${await freePort()}.sock`;
    const args = ['--admin-socket', socket, '--http-addr', 'off', '--workers', '2'];
    const ringway = await startChild(pools, { args });
    stops.push(() => ringway.stop());
    return { ...ringway, socket };
  }

  /** Ends a worker; its place is empty then. */
  async function crash({ log }: ChildRingway, number: number): Promise<void> {
    const serves = new RegExp(`worker ${number} serves, pid (\\d+)`);
    const pid = log.flatMap((line) => serves.exec(line)?.[1] ?? []).at(-1);
    const ends = (): number => log.filter((line) => /ended with SIGKILL/.test(line)).length;
    const seen = ends();
    process.kill(Number(pid), 'SIGKILL');
    await waitFor('its end to be seen', () => ends() > seen);
  }

  function starts({ log }: ChildRingway, number: number): number {
    return log.filter((line) => line.includes(`worker ${number} serves`)).length;
  }

  test('while a reload is made ready has the new configuration', async () => {
    // A server that accepts and says nothing keeps subscriptions waiting: that takes a second.
    const silent = await startFake(() => undefined);
    stops.push(() => silent.stop());
    const [first, second] = redis.map(({ port }) => `127.0.0.1:${port}:1`);
    const ringway = await run([
      { servers: [`${first} s`] },
      { servers: [`${first} s1`], pubsub_loss: 'resubscribe' },
    ]);
    const text = readFileSync(ringway.file, 'latin1');
    const subscribers = await Promise.all(
      Array.from({ length: 4 }, () => RespClient.open(ringway.ports[1])),
    );
    stops.push(() => {
      for (const each of subscribers) each.close();
    });
    for (const each of subscribers) await each.command('SUBSCRIBE', 'news');
    await crash(ringway, 2);
    writeFileSync(
      ringway.file,
      text
        .replace(`${first} s\n`, `${second} s\n`)
        .replace(`${first} s1\n`, `${first} s1\n    - 127.0.0.1:${silent.port}:1 s2\n`),
    );
    await askAdmin(ringway.socket, 'reload');
    await waitFor('the worker', () => starts(ringway, 2) === 2);
    const old = await RespClient.open(redis[0].port);
    stops.push(() => old.close());
    await waitFor('all clients to write to the new server', async () => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => RespClient.open(ringway.ports[0])));
      await old.command('DEL', ...clients.map((_, i) => `key:${i}`));
      for (const [i, client] of clients.entries()) await client.command('SET', `key:${i}`, 'x');
      for (const client of clients) client.close();
      return (await old.command('DBSIZE')) === 0;
    });
  });

  test('goes when a restart has been quicker: no worker is left behind', async () => {
    const ringway = await run([{ servers: [`127.0.0.1:${redis[0].port}:1 s`] }]);
    const children = (): string[] =>
      readFileSync(`/proc/${ringway.pid}/task/${ringway.pid}/children`, 'latin1').trim().split(' ');
    await crash(ringway, 1);
    const { pids } = (await askAdmin(ringway.socket, 'restart', 30_000)) as { pids: number[] };
    const client = await RespClient.open(ringway.port);
    stops.push(() => client.close());
    await waitFor('two workers', async () => children().length === 2);
    assert.equal(pids.length, 2);
    assert.equal(await client.command('PING'), 'PONG');
    await waitFor('them to be those that serve', () => {
      const own = ringway.log.flatMap((line) => /serves, pid (\d+)/.exec(line)?.[1] ?? []);
      return children().every((pid) => own.includes(pid));
    });
  });
});
