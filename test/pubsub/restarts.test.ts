import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';

const CHANNELS = Array.from({ length: 8 }, (_, i) => `news:${i}`);
const RESTARTS = 4;

let servers: RealServer[];
let ringway: TestRingway;

before(async () => {
  servers = await startRedisSet(3);
  ringway = await startInProcess({ servers: shards(servers.map(({ port }) => port)), hash: 'md5' });
});
after(async () => {
  await ringway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Numbers that a connection has heard, by channel. */
type Heard = Map<string, number[]>;

/** Subscribes, and again whenever the connection ends. */
class Follower {
  readonly connections: Heard[] = [];
  /** Subscribed now. */
  ready = false;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(words: readonly string[]) {
    this.#done = this.#run(words);
  }

  async #run(words: readonly string[]): Promise<void> {
    while (!this.#stopped) {
      const client = await Subscriber.open(ringway.port);
      const heard: Heard = new Map();
      try {
        const acknowledged = await client.ask(words, 1);
        if (acknowledged[0].startsWith('*')) {
          this.connections.push(heard);
          await client.take(words.length - 2);
          this.ready = true;
          while (!this.#stopped) this.#note(heard, await client.take(1));
        }
      } catch {
        // It has ended: what came before counts.
        this.#note(heard, [...client.frames]);
      }
      this.ready = false;
      client.close();
      await delay(20);
    }
  }

  #note(heard: Heard, frames: readonly string[]): void {
    for (const each of frames) {
      const words = each.split('\r\n');
      const [channel, text] = [words.at(-4) as string, words.at(-2) as string];
      if (!heard.has(channel)) heard.set(channel, []);
      heard.get(channel)?.push(Number(text));
    }
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#done;
  }
}

test('servers are killed and come back: who is not closed misses nothing, and nothing comes twice', async () => {
  const followers = [
    new Follower(['SUBSCRIBE', ...CHANNELS]),
    new Follower(['SUBSCRIBE', ...CHANNELS.slice(0, 2)]),
    new Follower(['PSUBSCRIBE', 'news:*']),
  ];
  const published = CHANNELS.map((): number[] => []);
  let next = 0;
  let stopped = false;
  const publisher = await RespClient.open(ringway.port);
  const publishing = (async () => {
    while (!stopped) {
      const number = next++;
      const replies = await publisher.pipeline(CHANNELS.map((name) => ['PUBLISH', name, number]));
      for (const [i, reply] of replies.entries()) {
        if (typeof reply === 'number') published[i].push(number);
      }
      await delay(1);
    }
  })();
  const allReady = (): Promise<unknown> => {
    return waitFor('all to be subscribed', () => followers.every(({ ready }) => ready));
  };
  await allReady();
  for (let i = 0; i < RESTARTS; i++) {
    const server = servers[i % servers.length];
    server.kill('SIGKILL');
    await waitFor('its end', () => !server.running);
    await delay(100);
    await server.restart();
    await allReady();
    await delay(150);
  }
  stopped = true;
  await publishing;
  await publisher.command('PUBLISH', CHANNELS[0], next);
  await delay(100);
  await Promise.all([...followers.map((each) => each.stop()), lastMessages()]);
  publisher.close();
  for (const { connections } of followers) {
    assert.ok(connections.length > RESTARTS / 2, `${connections.length} connections`);
    for (const heard of connections) {
      for (const [channel, numbers] of heard) {
        for (let i = 1; i < numbers.length; i++) {
          assert.ok(
            numbers[i] > numbers[i - 1],
            `${channel}: ${numbers[i]} after ${numbers[i - 1]}`,
          );
        }
        const known = new Set(numbers);
        const [first, last] = [numbers[0], numbers.at(-1) as number];
        const missed = published[CHANNELS.indexOf(channel)].filter((number) => {
          return number > first && number < last && !known.has(number);
        });
        assert.deepEqual(missed, [], channel);
      }
    }
  }

  /** Wakes those that wait for a message. */
  async function lastMessages(): Promise<void> {
    const client = await RespClient.open(ringway.port);
    for (const name of CHANNELS) await client.command('PUBLISH', name, next + 1);
    client.close();
  }
});
