import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { routeKey } from '../../../../src/distribution/route.ts';
import { PART_TABLE_RECORDS, SCRATCH, WINDOW_BYTES } from '../../../../src/protocol/frame-table.ts';
import { type CommandSpec, findCommand } from '../../../../src/protocol/redis/table/commands.ts';
import { MAY_WAIT } from '../../../../src/proxy/client/router.ts';
import type { Engine } from '../../../../src/proxy/engine/engine.ts';
import { sendFragments } from '../../../../src/proxy/redis/fragments/fragmented-request.ts';
import { FORWARD_ERROR } from '../../../../src/stats/counters.ts';
import { assertAnswered, assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import { engineCodecs, testEngine } from '../../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../../support/test-pool.ts';

const LOST = Buffer.from('-ERR Connection reset by peer\r\n');
const INVALID = '-ERR Invalid argument\r\n';
const NAMES = ['MGET', 'MSET', 'DEL', 'EXISTS'] as const;

type Behaviour = 'good' | 'error' | 'count' | 'type' | 'lost';

interface Ask {
  readonly name: (typeof NAMES)[number];
  readonly keys: readonly string[];
  readonly muted: boolean;
  /** Of each server. */
  readonly behaves: readonly Behaviour[];
  readonly size: number;
}

const MANY = Array.from({ length: 12 }, (_, i) => `${i * 7919}:key`);
const KEYS = ['', 'a', 'b', 'key', '$5\r\n', '\r\n*3', 'x'.repeat(250), ...MANY];

const ask: fc.Arbitrary<Ask> = fc.record({
  name: fc.constantFrom(...NAMES),
  keys: fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 20 }),
  muted: fc.constantFrom(false, false, false, true),
  behaves: fc.array(
    fc.constantFrom<Behaviour[]>('good', 'good', 'good', 'good', 'good', 'error', 'count', 'type'),
    { minLength: 5, maxLength: 5 },
  ),
  size: fc.constantFrom(0, 1, 100, 5000, 30_000, 90_000),
});

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** What a server has for a key: text, nothing, or elements within elements. */
function element(key: string, size: number): string {
  if (key === 'a') return '$-1\r\n';
  if (key === 'b') return `*2\r\n*1\r\n${bulk(key)}:1\r\n`;
  return bulk(`${key}=`.padEnd(size, '\r\n'));
}

function wordsOf({ name, keys }: Ask): string[] {
  return [name, ...keys.flatMap((key) => (name === 'MSET' ? [key, `to ${key}`] : [key]))];
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(bulk).join('')}`;
}

/** What a server says to its keys of a request. */
function replyOf(keys: readonly string[], { name, size }: Ask, behaviour: Behaviour): string {
  if (behaviour === 'error') return `-ERR of ${keys.length} keys\r\n`;
  if (behaviour === 'type') return '$1\r\nx\r\n';
  if (name === 'MSET') return '+OK\r\n';
  if (name !== 'MGET') return `:${keys.length}\r\n`;
  const elements = keys.map((key) => element(key, size));
  if (behaviour === 'count') elements.push('$-1\r\n');
  return `*${elements.length}\r\n${elements.join('')}`;
}

interface Share {
  readonly server: number;
  readonly keys: string[];
  reply: string;
  lost: boolean;
}

/** What the client must be told: of each share what its server said, or that it is lost. */
function joined(request: Ask, shares: readonly Share[], perKey: boolean): string {
  const { name, size } = request;
  if (shares.length === 1) return shares[0].lost ? LOST.toString() : shares[0].reply;
  const error = (share: Share): string | null => {
    if (share.lost) return LOST.toString();
    const { reply, keys } = share;
    if (reply.startsWith('-')) return reply;
    const good = replyOf(keys, request, 'good');
    return reply === good ? null : INVALID;
  };
  const bad = shares.map(error).find((text) => text !== null);
  if (name === 'MGET' && perKey) {
    const elements = request.keys.map((key) => {
      const share = shares.find(({ keys }) => keys.includes(key)) as Share;
      return error(share) ?? element(key, size);
    });
    return `*${elements.length}\r\n${elements.join('')}`;
  }
  if (bad !== undefined && bad !== null) return bad;
  if (name === 'MSET') return '+OK\r\n';
  if (name !== 'MGET') return `:${request.keys.length}\r\n`;
  return `*${request.keys.length}\r\n${request.keys.map((key) => element(key, size)).join('')}`;
}

/** One client's requests, what each server has to say, and what the client must be told. */
class Run {
  readonly pool: TestPool;
  readonly client: PoolClient;
  readonly #engine: Engine;
  readonly #perKey: boolean;
  readonly #expected: { ask: Ask; shares: Share[] }[] = [];
  readonly #toSay: { text: string; share: Share }[][];
  /** Requests that went to several servers. */
  fragmented = 0;
  /** What of the first of #toSay was not said yet. */
  readonly #rest: string[];

  constructor(engine: Engine, servers: number, perKey: boolean) {
    this.#engine = engine;
    this.#perKey = perKey;
    this.pool = new TestPool(engine, servers, { perKeyFailure: perKey });
    this.client = new PoolClient(engine, this.pool);
    this.#toSay = this.pool.backends.map(() => []);
    this.#rest = this.pool.backends.map(() => '');
  }

  ask(request: Ask): void {
    const { pool, client } = this;
    const bytes = Buffer.from(encode(wordsOf(request)), 'latin1');
    bytes.copy(this.#engine.memory, SCRATCH);
    client.muted = request.muted;
    client.session.muted = request.muted;
    const before = pool.backends.map((backend) => backend.inFlight.count);
    const spec = findCommand(request.name) as CommandSpec;
    const at = {
      client: client.asConnection,
      start: SCRATCH,
      length: bytes.length,
      intent: MAY_WAIT,
    };
    assert.ok(sendFragments(at, spec, null));
    this.#engine.memory.fill(0, SCRATCH, SCRATCH + bytes.length);
    client.muted = false;
    const shares: Share[] = [];
    for (let server = 0; server < pool.backends.length; server++) {
      const keys = request.keys.filter((key) => this.#serverOf(key) === server);
      if (keys.length === 0) continue;
      const reply = replyOf(keys, request, request.behaves[server]);
      const lost = pool.backends[server].closed;
      const share: Share = { server, keys, reply, lost };
      shares.push(share);
      if (lost) continue;
      assert.equal(pool.backends[server].inFlight.count, before[server] + 1);
      this.#toSay[server].push({ text: reply, share });
    }
    for (const { server, keys, lost } of shares) {
      if (lost) continue;
      const sent = pool.backends[server].takeSent().toString('latin1');
      // Whole requests go out as they came, fragments with the name that twemproxy gives them.
      const name = shares.length === 1 ? request.name : request.name.toLowerCase();
      const [, ...words] = wordsOf({ ...request, keys });
      assert.equal(sent, encode([name, ...words]));
    }
    if (shares.length > 1) this.fragmented++;
    if (!request.muted) this.#expected.push({ ask: request, shares });
  }

  #serverOf(key: string): number {
    const bytes = Buffer.from(key, 'latin1');
    return routeKey(bytes, 0, bytes.length, this.#engine.words, this.pool.descriptor);
  }

  /** One server says the next bytes, as many as fit or only some. */
  say(pick: number, most: number): void {
    const talking = [...this.#toSay.keys()].filter((i) => this.#toSay[i].length > 0);
    const server = talking[pick % talking.length];
    if (server === undefined) return;
    const queue = this.#toSay[server];
    let text = this.#rest[server] === '' ? queue[0].text : this.#rest[server];
    const size = Math.min(most, WINDOW_BYTES, text.length);
    assert.ok(this.pool.backends[server].say(Buffer.from(text.slice(0, size), 'latin1')));
    text = text.slice(size);
    this.#rest[server] = text;
    if (text === '') queue.shift();
  }

  lose(pick: number): void {
    const server = pick % this.pool.backends.length;
    for (const { share } of this.#toSay[server]) share.lost = true;
    const begun = this.#rest[server] !== '';
    const [first] = this.#toSay[server];
    this.#toSay[server].length = 0;
    this.#rest[server] = '';
    // A reply that one server gives alone and that is partly sent cannot be taken back.
    const alone = first !== undefined && this.#isAlone(first.share);
    this.pool.backends[server].lose(LOST);
    if (begun && alone && this.client.destroyed === '') assert.ok(!this.client.closed);
  }

  #isAlone(share: Share): boolean {
    return this.#expected.some(({ shares }) => shares.length === 1 && shares[0] === share);
  }

  finish(): void {
    for (let i = 0; this.#toSay.some(({ length }) => length > 0); i++) this.say(i, WINDOW_BYTES);
    const told = this.client.received();
    if (this.client.closed) return;
    const all = this.#expected.map((each) => joined(each.ask, each.shares, this.#perKey));
    assert.equal(told, all.join(''));
    assertAnswered(this.client);
  }
}

const step = fc.oneof(
  { arbitrary: ask, weight: 3 },
  {
    arbitrary: fc.record({
      pick: fc.nat({ max: 9 }),
      most: fc.constantFrom(1, 50, 3000, WINDOW_BYTES),
    }),
    weight: 5,
  },
);

for (const { label, codec } of engineCodecs()) {
  describe(`requests with several keys, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);

    test('random keys, servers, replies and losses: each request gets exactly its reply', () => {
      const programs = fc.record({
        steps: fc.array(step, { maxLength: 30 }),
        servers: fc.integer({ min: 2, max: 5 }),
        perKey: fc.boolean(),
        losesAt: fc.option(fc.nat({ max: 30 }), { freq: 2 }),
        closesAt: fc.option(fc.nat({ max: 30 }), { freq: 3 }),
        loses: fc.nat({ max: 4 }),
      });
      let fragmented = 0;
      fc.assert(
        fc.property(programs, ({ steps, servers, perKey, losesAt, closesAt, loses }) => {
          const fresh = holdingsOf(engine);
          const run = new Run(engine, servers, perKey);
          steps.forEach((each, i) => {
            if (i === losesAt) run.lose(loses);
            if (i === closesAt) run.client.close();
            if (!('name' in each)) run.say(each.pick, each.most);
            else if (!run.client.closed && !run.pool.backends.some(({ closed }) => closed)) {
              run.ask(each);
            }
          });
          run.finish();
          fragmented += run.fragmented;
          run.client.close();
          for (const backend of run.pool.backends) backend.lose(LOST);
          assertAtRest(engine, fresh, [], [run.client]);
        }),
        { numRuns: 250, seed: 77 },
      );
      assert.ok(fragmented > 200, `${fragmented}`);
    });

    test('more keys than the table of words holds', () => {
      const fresh = holdingsOf(engine);
      const keys = Array.from({ length: PART_TABLE_RECORDS + 500 }, (_, i) => String(i % 1000));
      const run = new Run(engine, 3, false);
      const behaves = new Array<Behaviour>(5).fill('good');
      run.ask({ name: 'MGET', keys, muted: false, behaves, size: 1 });
      run.finish();
      run.client.close();
      for (const backend of run.pool.backends) backend.lose(LOST);
      assertAtRest(engine, fresh, [], [run.client]);
    });

    test('a request has no objects of its own: it uses those of one that is answered', () => {
      const fresh = holdingsOf(engine);
      const run = new Run(engine, 3, false);
      const behaves = new Array<Behaviour>(5).fill('good');
      const targets = NAMES.map((name) => {
        engine.beginChunk();
        run.ask({ name, keys: MANY, muted: false, behaves, size: 100 });
        const own = run.pool.backends.map(({ inFlight }) => inFlight.headTarget);
        for (let i = 0; i < run.pool.backends.length; i++) run.say(0, WINDOW_BYTES);
        return own;
      });
      assert.equal(new Set(targets[0]).size, 3);
      for (const others of targets) {
        assert.ok(others.every((target, i) => target === targets[0][i]));
      }
      run.finish();
      run.client.close();
      for (const backend of run.pool.backends) backend.lose(LOST);
      assertAtRest(engine, fresh, [], [run.client]);
    });

    for (const perKey of [false, true]) {
      test(`a server that is left alone is not asked (per_key_failure: ${perKey})`, () => {
        const fresh = holdingsOf(engine);
        const pool = new TestPool(engine, 3, { perKeyFailure: perKey });
        const client = new PoolClient(engine, pool);
        pool.down.add(1);
        const keys = MANY;
        const request = Buffer.from(encode(['MGET', ...keys]));
        request.copy(engine.memory, SCRATCH);
        const at = { client: client.asConnection, start: SCRATCH, length: request.length };
        sendFragments({ ...at, intent: MAY_WAIT }, findCommand('MGET') as CommandSpec, null);
        const { words } = engine;
        const servers = keys.map((key) =>
          routeKey(Buffer.from(key), 0, key.length, words, pool.descriptor),
        );
        for (const server of [2, 0]) {
          const own = keys.filter((_, i) => servers[i] === server);
          assert.ok(own.length > 0 && servers.includes(1));
          const sent = pool.backends[server].takeSent().toString();
          assert.equal(sent, encode(['mget', ...own]));
          pool.backends[server].say(Buffer.from(`*${own.length}\r\n${own.map(bulk).join('')}`));
        }
        assert.equal(pool.backends[1].takeSent().length, 0);
        const down = '-ERR Connection refused\r\n';
        const each = keys.map((key, i) => (servers[i] === 1 ? down : bulk(key)));
        assert.equal(client.received(), perKey ? `*${keys.length}\r\n${each.join('')}` : down);
        assert.equal(pool.counters[FORWARD_ERROR], 1);
        assertAnswered(client);
        client.close();
        for (const backend of pool.backends) backend.lose(LOST);
        assertAtRest(engine, fresh, [], [client]);
      });
    }
  });
}
