import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, type PoolSpec, poolFile, startChild } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';

let redis: RealServer[] = [];

before(async () => {
  redis = await startRedisSet(4);
});
after(async () => {
  await Promise.all(redis.map((server) => server.stop()));
});

/** Lines of the servers with these numbers, from 1. */
function lines(...numbers: number[]): string[] {
  return numbers.map((n) => `127.0.0.1:${redis[n - 1].port}:1 s${n}`);
}

type Running = ChildRingway & {
  readonly socket: string;
  readonly pidFile: string;
  reload(servers: readonly string[], keys?: Partial<PoolSpec>): Promise<void>;
};

async function run(
  servers: readonly string[],
  keys: Partial<PoolSpec>,
  ...args: string[]
): Promise<Running> {
  const base = `/tmp/ringway-pubsub-${process.pid}-${await freePort()}`;
  const [socket, pidFile] = [`${base}.sock`, `${base}.pid`];
  const more = ['--admin-socket', socket, '-p', pidFile, '--http-addr', 'off', ...args];
  const ringway = await startChild({ servers, ...keys }, { args: more });
  return {
    ...ringway,
    socket,
    pidFile,
    reload: async (next, keys = {}) => {
      const listen = `127.0.0.1:${ringway.port}`;
      const file = await poolFile([{ servers: next, listen, ...keys }]);
      writeFileSync(ringway.file, file.text);
      await askAdmin(socket, 'reload');
    },
  };
}

/** Numbered messages on some channels, one after the other, until it is stopped. */
class Publisher {
  readonly counts: number[];
  /** Requests that failed: those may not have been published. */
  failed = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(client: RespClient, channels: readonly string[]) {
    this.counts = channels.map(() => 0);
    this.#done = this.#run(client, channels);
  }

  async #run(client: RespClient, channels: readonly string[]): Promise<void> {
    while (!this.#stopped) {
      const requests = channels.map((name, i) => ['PUBLISH', name, this.counts[i]++]);
      for (const reply of await client.pipeline(requests)) if (reply !== 1) this.failed++;
      await delay(1);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}

for (const workers of ['1', '2']) {
  describe(`pub/sub, --workers ${workers}`, () => {
    for (const subscribeTo of ['all', 'owner'] as const) {
      test(`a reload exchanges servers, subscribe_to: ${subscribeTo}: every message comes once, in order`, async () => {
        const keys = { subscribe_to: subscribeTo };
        const ringway = await run(lines(1, 2), keys, '--workers', workers);
        const channels = Array.from({ length: 12 }, (_, i) => `news:${i}`);
        const client = await Subscriber.open(ringway.port);
        await client.ask(['SUBSCRIBE', ...channels], channels.length);
        const publishing = await RespClient.open(ringway.port);
        const publisher = new Publisher(publishing, channels);
        for (const servers of [
          lines(1, 3),
          lines(3, 4),
          lines(1, 2),
          // The same servers in another way: no connection is doubled.
          [`127.0.0.1:${redis[0].port}:3 other`, ...lines(2)],
          lines(1, 2, 3, 4),
        ]) {
          await delay(50);
          await ringway.reload(servers, keys);
        }
        await ringway.reload(lines(1, 2, 3, 4), { ...keys, server_connections: 2 });
        await delay(50);
        await publisher.stop();
        const total = publisher.counts.reduce((sum, count) => sum + count, 0);
        assert.equal(publisher.failed, 0);
        const frames = await client.take(total);
        for (const [i, name] of channels.entries()) {
          const mine = frames.filter((each) => each.includes(`\r\n${name}\r\n`));
          const wanted = Array.from({ length: publisher.counts[i] }, (_, n) => {
            return frame('*', 'message', name, `${n}`);
          });
          assert.deepEqual(mine, wanted, name);
        }
        await delay(100);
        assert.deepEqual(client.frames, []);
        client.close();
        publishing.close();
        await ringway.stop();
      });
    }

    test('PUBSUB counts the clients of all workers', async () => {
      const ringway = await run(lines(1, 2), {}, '--workers', workers);
      const clients = await Promise.all([1, 2, 3, 4, 5].map(() => Subscriber.open(ringway.port)));
      for (const [i, client] of clients.entries()) {
        await client.ask(['SUBSCRIBE', 'all', `own:${i}`], 2);
        await client.ask(['PSUBSCRIBE', 'a*', `${i}*`], 2);
        await client.ask(['SSUBSCRIBE', 'shard']);
      }
      const asking = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
      for (const client of asking) {
        const ask = async (...words: string[]): Promise<string> => {
          return String(await client.text('PUBSUB', ...words));
        };
        assert.equal(await ask('NUMSUB', 'all', 'own:3', 'none'), 'all,5,own:3,1,none,0');
        assert.equal(await ask('NUMPAT'), '6');
        assert.equal((await ask('CHANNELS')).split(',').length, 6);
        assert.equal(await ask('CHANNELS', 'own:[2]'), 'own:2');
        assert.equal(await ask('SHARDCHANNELS'), 'shard');
        assert.equal(await ask('SHARDNUMSUB', 'shard', 'all'), 'shard,5,all,0');
        const heard = Number(await client.command('PUBLISH', 'all', 'x'));
        assert.ok(workers === '1' ? heard === 10 : heard > 1, String(heard));
      }
      for (const client of clients) client.close();
      await waitFor('all to be gone', async () => {
        return String(await asking[0].text('PUBSUB', 'NUMSUB', 'all')) === 'all,0';
      });
      for (const client of asking) client.close();
      await ringway.stop();
    });

    test('SIGTERM closes subscribers', async () => {
      const ringway = await run(lines(1, 2), {}, '--workers', workers);
      const client = await Subscriber.open(ringway.port);
      await client.ask(['SUBSCRIBE', 'news']);
      process.kill(Number(readFileSync(ringway.pidFile, 'latin1')), 'SIGTERM');
      await client.end();
      await ringway.gone();
    });
  });
}

test('a worker that ends takes its counts with it, and its clients find another', async () => {
  const ringway = await run(lines(1, 2), {}, '--workers', '2');
  const clients = await Promise.all([1, 2, 3, 4].map(() => Subscriber.open(ringway.port)));
  for (const client of clients) await client.ask(['SUBSCRIBE', 'c']);
  const pids = ringway.log.flatMap((line) => /worker \d+ serves, pid (\d+)/.exec(line)?.[1] ?? []);
  process.kill(Number(pids[0]), 'SIGKILL');
  await waitFor(
    'two clients to be closed',
    () => clients.filter(({ closed }) => closed).length === 2,
  );
  await waitFor(
    'its successor',
    () => ringway.log.filter((line) => /serves, pid/.test(line)).length > 2,
  );
  const asking = await RespClient.open(ringway.port);
  assert.equal(String(await asking.text('PUBSUB', 'NUMSUB', 'c')), 'c,2');
  for (const client of clients) client.close();
  asking.close();
  await ringway.stop();
});

test('who subscribes to more than the memory holds is closed, and nobody else', async () => {
  const ringway = await run(lines(1, 2), {}, '--memory-mib', '48');
  const [hog, other] = await Promise.all([1, 2].map(() => Subscriber.open(ringway.port)));
  await other.ask(['SUBSCRIBE', 'c']);
  const name = 'x'.repeat(2000);
  for (let i = 0; i < 400 && !hog.closed; i++) {
    hog.send(['SUBSCRIBE', ...Array.from({ length: 50 }, (_, n) => `${i}:${n}:${name}`)]);
    await delay(1);
  }
  await hog.end();
  await waitFor('its line in the log', () => ringway.log.some((line) => /memory limit/.test(line)));
  const asking = await RespClient.open(ringway.port);
  assert.equal(String(await asking.text('PUBSUB', 'CHANNELS')), 'c');
  assert.equal(await asking.command('PUBLISH', 'c', 'x'), 1);
  assert.deepEqual(await other.take(1), [frame('*', 'message', 'c', 'x')]);
  for (const each of [hog, other]) each.close();
  asking.close();
  await ringway.stop();
});
