import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../../bench/random.ts';
import { startBefore, startFakeCluster } from '../support/fake-cluster.ts';
import { type Reply, ReplyError, RespClient } from '../support/resp-client.ts';
import { VARIANTS } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { BrokenNodes, slotOf } from './broken-nodes.ts';

const TAGS = ['a', 'b', 'c', 'd'];
const SLOTS = TAGS.map(slotOf);
const CLIENTS = 6;
const BATCHES = 25;

/** What one client writes: numbers that grow, to keys of its own. */
class Writer {
  readonly #random: Random;
  readonly #name: string;
  #number = 0;
  /** Of each key the last number that was acknowledged. */
  readonly #acked: Map<string, number> = new Map();
  readonly errors: string[] = [];
  /** Reads of less than was acknowledged. */
  readonly stale: string[] = [];

  constructor(random: Random, name: string) {
    this.#random = random;
    this.#name = name;
  }

  #key(tag: string): string {
    return `{${tag}}${this.#name}.${this.#random.integer(0, 1)}`;
  }

  requests(): string[][] {
    const count = this.#random.integer(1, 12);
    return Array.from({ length: count }, () => {
      const tag = this.#random.pick(TAGS);
      const number = String(++this.#number);
      const keys = [`{${tag}}${this.#name}.0`, number, `{${tag}}${this.#name}.1`, number];
      return this.#random.pick([
        ['SET', this.#key(tag), number],
        ['SET', this.#key(tag), number],
        ['MSET', ...keys],
        ['GET', this.#key(tag)],
        ['KEYS', `${this.#name}:${number}`],
      ]);
    });
  }

  /** What came back must be what was acknowledged before, or later. */
  check(requests: readonly string[][], replies: readonly Reply[]): void {
    for (const [i, [command, ...words]] of requests.entries()) {
      const reply = replies[i];
      if (reply instanceof ReplyError) {
        this.errors.push(reply.message);
      } else if (command === 'GET') {
        const found = Number(String(reply));
        const acked = this.#acked.get(words[0]) ?? 0;
        if (found < acked) this.stale.push(`${words[0]} is ${found}, not ${acked}`);
      } else if (command !== 'KEYS') {
        assert.equal(String(reply), 'OK');
        for (let at = 0; at < words.length; at += 2)
          this.#acked.set(words[at], Number(words[at + 1]));
      }
    }
  }

  /** What is there in the end. */
  finish(values: ReadonlyMap<string, string>): void {
    for (const [key, number] of this.#acked) {
      assert.ok(Number(values.get(key)) >= number, `${key} is ${values.get(key)}, not ${number}`);
    }
  }
}

/** Nothing of a client is executed out of its order, and nothing twice. */
function checkOrder(executed: readonly (readonly string[])[]): void {
  const last = new Map<string, number>();
  const closed = new Map<string, number>();
  for (const [command, ...words] of executed) {
    if (command === 'KEYS') {
      const [name, number] = words[0].split(':');
      closed.set(name, Math.max(closed.get(name) ?? 0, Number(number)));
      continue;
    }
    if (command === 'GET') continue;
    for (let at = 0; at < words.length; at += 2) {
      const [key, number] = [words[at], Number(words[at + 1])];
      const name = /\}(\w+)\./.exec(key)?.[1] ?? '';
      assert.ok(number > (last.get(key) ?? 0), `${key}: ${number} behind ${last.get(key)}`);
      assert.ok(number > (closed.get(name) ?? 0), `${key}: ${number} behind KEYS`);
      last.set(key, number);
    }
  }
}

describe('nodes that lie, end connections and answer in odd pieces', () => {
  const stops: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const variant = VARIANTS[seed % 3];
    test(`leave clients their order, an answer each, and a way on: ${seed}`, async () => {
      const random = new Random(seed);
      const nodes = new BrokenNodes(random);
      const cluster = await startFakeCluster(3, (node, text, socket) => {
        nodes.answer(node, text, socket);
        return '';
      });
      nodes.ports = cluster.ports;
      stops.push(() => cluster.stop());
      const keys = { failover_wait: 1500, timeout: 60_000, server_connections: (seed % 2) + 1 };
      const ringway = await startBefore(cluster, keys, variant);
      stops.push(() => ringway.stop());
      const moves = setInterval(() => nodes.step(SLOTS), 3);
      try {
        const all = Array.from({ length: CLIENTS }, (_, i) => run(ringway.port, seed * 100 + i));
        const writers = await Promise.all(all);
        nodes.settle();
        checkOrder(nodes.executed);
        for (const writer of writers) writer.finish(nodes.values);
        assert.deepEqual(
          writers.flatMap(({ stale }) => stale),
          [],
        );
        const errors = writers.flatMap((writer) => writer.errors);
        const strange = errors.filter(
          (text) => !/^(TRYAGAIN|CLUSTERDOWN|ERR (?!Connection timed out))/.test(text),
        );
        assert.deepEqual(strange, []);
      } finally {
        clearInterval(moves);
      }
      nodes.settle();
      const client = await RespClient.open(ringway.port);
      for (const tag of TAGS) {
        await waitFor(
          'all to go on',
          async () => String(await client.command('SET', `{${tag}}`, '1')) === 'OK',
        );
      }
      client.close();
    });
  }

  /** One client, which leaves in the middle now and then, and comes back as another. */
  async function run(port: number, seed: number): Promise<Writer> {
    const random = new Random(seed);
    const all: Writer[] = [];
    let client = await RespClient.open(port);
    let writer = new Writer(random, `w${seed}x0`);
    for (let batch = 0; batch < BATCHES; batch++) {
      const requests = writer.requests();
      const replies = client.pipeline(requests);
      if (random.next() < 0.08) {
        replies.catch(() => {});
        await delay(random.integer(0, 20));
        client.close();
        all.push(writer);
        writer = new Writer(random, `w${seed}x${all.length}`);
        client = await RespClient.open(port);
        continue;
      }
      writer.check(requests, await replies);
    }
    client.close();
    return writer;
  }
});
