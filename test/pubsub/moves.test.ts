import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import type { PoolSpec } from '../support/ringway.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { delay } from '../support/wait.ts';
import { killLeft, run } from './moving.ts';

let redis: RealServer[] = [];

before(async () => {
  redis = await startRedisSet(3);
});
after(async () => {
  killLeft();
  await Promise.all(redis.map((server) => server.stop()));
});

/** Numbered messages, each client's on its own channels, past ringway and through it. */
class Publisher {
  readonly counts: number[];
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(clients: readonly RespClient[], channels: readonly string[], verb: string) {
    this.counts = channels.map(() => 0);
    this.#done = this.#run(clients, channels, verb);
  }

  async #run(clients: readonly RespClient[], channels: readonly string[], verb: string) {
    while (!this.#stopped) {
      const requests = channels.map((name, i) => [verb, name, `${this.counts[i]++}`]);
      await Promise.all(
        clients.map((client, n) => {
          return client.pipeline(requests.filter((_, i) => i % clients.length === n));
        }),
      );
      await delay(1);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}

const CHANNELS = Array.from({ length: 9 }, (_, i) => `news:${i}`);
const ORDERS = [
  ['upgrade', 1],
  ['upgrade', 2],
  ['restart', 2],
] as const;

for (const [order, workers] of ORDERS) {
  describe(`${order}, --workers ${workers}`, () => {
    const all: Partial<PoolSpec>[] = order === 'restart' ? [{}, { subscribe_to: 'owner' }] : [{}];
    for (const keys of all) {
      test(`subscribers go along: every message comes once, in order ${JSON.stringify(keys)}`, async () => {
        const running = await run(redis, order, workers, keys);
        const { port } = running;
        const [two, three, pattern, shard] = await Promise.all(
          [1, 2, 3, 4].map(() => Subscriber.open(port)),
        );
        await three.ask(['HELLO', '3']);
        await two.ask(['SUBSCRIBE', ...CHANNELS], CHANNELS.length);
        await three.ask(['SUBSCRIBE', ...CHANNELS], CHANNELS.length);
        await pattern.ask(['PSUBSCRIBE', 'news:*', '*'], 2);
        await shard.ask(['SSUBSCRIBE', ...CHANNELS], CHANNELS.length);
        const publishing = await RespClient.open(port);
        const sharding = await RespClient.open(port);
        const publishers = [
          new Publisher([publishing], CHANNELS, 'PUBLISH'),
          new Publisher([sharding], CHANNELS, 'SPUBLISH'),
        ];
        for (let i = 0; i < 2; i++) {
          await delay(100);
          await running.move();
          await delay(200);
        }
        await Promise.all(publishers.map((each) => each.stop()));
        const sum = (i: number): number => publishers[i].counts.reduce((all, one) => all + one, 0);
        const heard: [Subscriber, number, (name: string, text: string) => string[]][] = [
          [two, 0, (name, text) => [frame('*', 'message', name, text)]],
          [three, 0, (name, text) => [frame('>', 'message', name, text)]],
          [shard, 1, (name, text) => [frame('*', 'smessage', name, text)]],
        ];
        for (const [client, i, wanted] of heard) {
          const frames = await client.take(sum(i));
          for (const [n, name] of CHANNELS.entries()) {
            const all = Array.from({ length: publishers[i].counts[n] }, (_, m) => `${m}`);
            const mine = frames.filter((each) => each.includes(`\r\n${name}\r\n`));
            assert.deepEqual(
              mine,
              all.flatMap((text) => wanted(name, text)),
            );
          }
        }
        // Each pattern of one client is a message of its own.
        const matched = await pattern.take(sum(0) * 2);
        for (const glob of ['news:*', '*']) {
          for (const [n, name] of CHANNELS.entries()) {
            const mine = matched.filter((each) => each.startsWith(frameHead(glob, name)));
            const wanted = Array.from({ length: publishers[0].counts[n] }, (_, m) => {
              return frame('*', 'pmessage', glob, name, `${m}`);
            });
            assert.deepEqual(mine, wanted, `${glob} ${name}`);
          }
        }
        await delay(50);
        for (const client of [two, three, pattern, shard]) {
          assert.deepEqual(client.frames, []);
          assert.equal(client.closed, false);
        }
        for (const client of [two, three, pattern, shard]) client.close();
        for (const client of [publishing, sharding]) client.close();
        await running.stop();
      });
    }
  });
}

function frameHead(glob: string, name: string): string {
  return frame('*', 'pmessage', glob, name, '').slice(0, -'$0\r\n\r\n'.length);
}
