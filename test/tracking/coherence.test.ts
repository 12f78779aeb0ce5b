import { after, before, describe, test } from 'node:test';
import { Cache } from '../support/cache.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient, type Word } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, USUAL, VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

// Clients that keep what they read until they are told of it, and others that write meanwhile: in
// the end nobody may have kept a value that is not that of the servers.

const KEYS = 4;
const READERS = 6;
const WRITERS = 3;
/** Behind each round all is looked at. */
const ROUNDS = 6;
const STEPS = 25;

function seeded(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

describe('what clients keep that are told of changes', () => {
  let servers: RealServer[] = [];
  before(async () => {
    servers = await startRedisSet(3);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  /** @param disturb called now and then */
  async function play(
    port: number,
    seed: number,
    options: Word[],
    disturb: (step: number) => Promise<void>,
  ): Promise<void> {
    const random = seeded(seed);
    const caches = await Promise.all(
      Array.from({ length: READERS }, () => Cache.open(port, ...options)),
    );
    const writers = await Promise.all(Array.from({ length: WRITERS }, () => RespClient.open(port)));
    const truth = await RespClient.open(port);
    for (let step = 0; step < ROUNDS * STEPS; step++) {
      const key = `k:${random(KEYS)}`;
      for (let i = random(12); i > 0; i--) caches[random(READERS)].read(`k:${random(KEYS)}`);
      void writers[random(WRITERS)].command('SET', key, `${seed}-${step}`).catch(() => {});
      if (random(4) === 0) await new Promise((resolve) => setImmediate(resolve));
      await disturb(step);
      if (step % STEPS < STEPS - 1) continue;
      await waitFor('that no client keeps what is not so', async () => {
        for (const cache of caches)
          if (!cache.settle() || !(await cache.isTrue(truth))) return false;
        return true;
      });
    }
    await waitFor('something to be kept', () => {
      const idle = caches.every((cache) => cache.settle());
      if (idle && caches.every(({ kept }) => kept.size === 0)) caches[0].read('k:0');
      return caches.some(({ kept }) => kept.size > 0);
    });
    for (const each of [...caches, ...writers, truth]) each.close();
  }

  for (const [i, variant] of VARIANTS.entries()) {
    describe(variant.label, () => {
      let ringway: TestRingway;
      before(async () => {
        const servers_ = shards(servers.map(({ port }) => port));
        ringway = await startInProcess({ servers: servers_, server_connections: 2 }, variant);
      });
      after(() => ringway.stop());

      test('is so, of keys that they have read', () =>
        play(ringway.port, i + 1, [], async () => {}));
      test('is so, of all keys', () => play(ringway.port, i + 50, ['BCAST'], async () => {}));
      const few = variant === USUAL ? test : null;
      few?.('is so when servers close connections', async () => {
        const admins = await Promise.all(servers.map(({ port }) => RespClient.open(port)));
        await play(ringway.port, i + 100, [], async (step) => {
          if (step % 100 !== 50) return;
          const admin = admins[((step / 50) % admins.length) | 0];
          await admin.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        });
        for (const admin of admins) admin.close();
      });
    });
  }
});
