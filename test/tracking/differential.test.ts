import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import type { Word } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { Subscriber } from '../support/subscriber.ts';

// Each program is run against a server and through ringways with one and four servers. What the
// client that tracks, the one that writes and the one that is redirected to hear must be the same
// bytes; of messages of changed keys that come together only which they are.

type Who = 'a' | 'w' | 'r';
type Step = readonly [who: Who, ...words: Word[]];

const SELF = 'id of r';
/** How who is redirected to hears of keys over RESP2. */
const MESSAGE = '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n';
/** Several requests in one step. */
const AND = 'and';
const CACHING = ['CLIENT', 'CACHING'];

/** What ringway says behind a step, and a server does not. */
const MORE: Map<Step, Partial<Record<Who, string>>> = new Map();

/** A client with NOLOOP writes: it is told of that through ringway, by `who`. */
function looped(who: 'a' | 'r', key: string, step: Step): Step {
  const head = who === 'a' ? '>2\r\n$10\r\ninvalidate\r\n' : MESSAGE;
  MORE.set(step, { [who]: `${head}*1\r\n$${key.length}\r\n${key}\r\n` });
  return step;
}

const PROGRAMS: Record<string, readonly Step[]> = {
  'every key that was read, once': [
    ['a', 'CLIENT', 'TRACKING', 'ON'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['a', 'GET', 'k'],
    ['w', 'SET', 'k', '1'],
    ['w', 'SET', 'k', '2'],
    ['a', 'GET', 'k'],
    ['a', 'SET', 'k', '3'],
    ['a', 'MGET', 'k', 'j', 'i', 'h'],
    ['w', 'MSET', 'k', '1', 'j', '2', 'g', '3'],
    ['a', 'HGETALL', 'hash'],
    ['a', 'STRLEN', 'h'],
    ['a', 'EXISTS', 'x1', 'x2', 'x3'],
    ['w', 'DEL', 'x1', 'x2'],
    ['w', 'HSET', 'hash', 'f', 'v'],
    ['w', 'EXPIRE', 'h', '100'],
    ['a', 'OBJECT', 'ENCODING', 'k'],
    ['w', 'APPEND', 'k', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'GET', 'k'],
    ['w', 'SET', 'k', '4'],
    ['a', 'CLIENT', 'GETREDIR'],
  ],
  'all keys are gone': [
    ['a', 'CLIENT', 'TRACKING', 'ON'],
    ['a', 'GET', 'k'],
    ['w', 'FLUSHALL'],
    ['a', 'GET', 'k'],
    ['w', 'SET', 'k', '1'],
  ],
  'transactions and scripts': [
    ['a', 'CLIENT', 'TRACKING', 'ON'],
    ['a', 'MULTI', AND, 'GET', '{t}1', AND, 'GET', '{t}2', AND, 'EXEC'],
    ['w', 'SET', '{t}1', 'x'],
    ['w', 'SET', '{t}2', 'x'],
    ['w', 'SET', '{t}2', 'x'],
    ['a', 'MULTI', AND, 'GET', '{t}3', AND, 'DISCARD'],
    ['w', 'SET', '{t}3', 'x'],
    ['a', 'EVAL', "return redis.call('get', KEYS[1])", '1', 'script'],
    ['w', 'SET', 'script', 'x'],
  ],
  'only what was asked for': [
    ['a', 'CLIENT', 'CACHING', 'YES'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'OPTIN'],
    ['a', 'CLIENT', 'CACHING', 'NO'],
    ['a', 'CLIENT', 'CACHING', 'MAYBE'],
    ['a', 'GET', 'o1'],
    ['a', ...CACHING, 'YES', AND, 'CLIENT', 'TRACKINGINFO', AND, 'GET', 'o2'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['a', 'GET', 'o3'],
    ['w', 'SET', 'o1', '1'],
    ['w', 'SET', 'o2', '1'],
    ['w', 'SET', 'o3', '1'],
    ['a', ...CACHING, 'YES', AND, 'MULTI', AND, 'GET', '{o}4', AND, 'GET', '{o}5', AND, 'EXEC'],
    ['a', 'GET', 'o6'],
    ['w', 'SET', '{o}5', '1'],
    ['w', 'SET', 'o6', '1'],
  ],
  'all but what was not': [
    ['a', 'CLIENT', 'TRACKING', 'ON', 'OPTOUT'],
    ['a', 'CLIENT', 'CACHING', 'YES'],
    ['a', 'GET', 'o1'],
    ['a', ...CACHING, 'NO', AND, 'CLIENT', 'TRACKINGINFO', AND, 'GET', 'o2'],
    ['w', 'SET', 'o1', '1'],
    ['w', 'SET', 'o2', '1'],
  ],
  'keys that begin alike': [
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'foo', 'PREFIX', 'foobar'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'foo:', 'PREFIX', 'bar:'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['w', 'SET', 'foo:1', 'x'],
    ['w', 'SET', 'bar:1', 'x'],
    ['w', 'SET', 'none:1', 'x'],
    ['w', 'SET', 'foo', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'fo'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'more'],
    ['w', 'SET', 'more', 'x'],
    ['a', 'SET', 'foo:1', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'ON'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['w', 'SET', 'foo:1', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST'],
    ['w', 'SET', 'anything', 'x'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
  ],
  'another client is told': [
    ['r', 'SUBSCRIBE', '__redis__:invalidate'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', SELF],
    ['a', 'GET', 'k'],
    ['w', 'SET', 'k', '1'],
    ['w', 'SET', 'k', '1'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', SELF, 'NOLOOP'],
    ['a', 'GET', 'k'],
    ['w', 'FLUSHALL'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', SELF, 'BCAST', 'PREFIX', 'p'],
    ['w', 'SET', 'px', '1'],
    ['w', 'SET', 'x', '1'],
  ],
  'with NOLOOP: what others write, in every mode': [
    ['a', 'CLIENT', 'TRACKING', 'ON', 'NOLOOP'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['a', 'MGET', 'k', 'j'],
    ['w', 'SET', 'k', '1'],
    ['w', 'SET', 'k', '2'],
    ['w', 'FLUSHALL'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'OPTIN', 'NOLOOP'],
    ['a', 'GET', 'o1'],
    ['a', ...CACHING, 'YES', AND, 'GET', 'o2'],
    ['w', 'MSET', 'o1', '1', 'o2', '2'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'NOLOOP', 'OPTOUT'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['a', ...CACHING, 'NO', AND, 'GET', 'o3'],
    ['a', 'GET', 'o4'],
    ['w', 'MSET', 'o3', '1', 'o4', '2'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'NOLOOP', 'PREFIX', 'b:'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['a', 'SET', 'c:1', 'x'],
    ['w', 'SET', 'b:1', 'x'],
    ['w', 'SET', 'c:1', 'x'],
    ['a', 'RESET'],
    ['w', 'SET', 'b:1', 'x'],
  ],
  'with NOLOOP: what the client writes, of which ringway tells it all the same': [
    ['r', 'SUBSCRIBE', '__redis__:invalidate'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'NOLOOP'],
    ['a', 'SET', 'k', 'not read yet'],
    ['a', 'GET', 'k'],
    looped('a', 'k', ['a', 'SET', 'k', '1']),
    ['w', 'SET', 'k', '2'],
    ['a', 'GET', 'k'],
    looped('a', 'k', ['a', 'MULTI', AND, 'INCR', 'k', AND, 'EXEC']),
    ['a', 'CLIENT', 'TRACKING', 'ON', 'NOLOOP', 'REDIRECT', SELF],
    ['a', 'GET', 'j'],
    looped('r', 'j', ['a', 'APPEND', 'j', 'x']),
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'b:', 'NOLOOP'],
    looped('a', 'b:1', ['a', 'SET', 'b:1', 'x']),
    ['w', 'SET', 'b:1', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'OFF'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'NOLOOP', 'REDIRECT', SELF],
    looped('r', 'b:2', ['a', 'SET', 'b:2', 'x']),
    ['w', 'SET', 'b:3', 'x'],
  ],
  'what makes no sense': [
    ['a', 'CLIENT', 'TRACKING', 'MAYBE'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'WHAT'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', '999999999'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', SELF, 'REDIRECT', SELF],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'PREFIX', 'x'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'OPTIN'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'OPTIN', 'OPTOUT'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'OPTIN'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'OPTOUT'],
    ['a', 'CLIENT', 'TRACKING', 'ON', 'BCAST'],
    ['a', 'CLIENT', 'CACHING'],
    ['a', 'CLIENT', 'TRACKING'],
    ['a', 'RESET'],
    ['a', 'CLIENT', 'TRACKINGINFO'],
    ['a', 'CLIENT', 'CACHING', 'NO'],
  ],
  'other databases and versions': [
    ['a', 'CLIENT', 'TRACKING', 'ON'],
    ['a', 'GET', 'k'],
    ['a', 'SELECT', '3'],
    ['a', 'GET', 'j'],
    ['w', 'SET', 'k', '1'],
    ['w', 'SELECT', '3'],
    ['w', 'SET', 'j', '1'],
    ['a', 'HELLO', '2'],
    ['a', 'GET', 'j'],
    ['w', 'SET', 'j', '2'],
    ['a', 'HELLO', '3'],
    ['a', 'GET', 'j'],
    ['w', 'SET', 'j', '3'],
    ['w', 'SELECT', '0'],
  ],
};

const MOST_TRIES = 5;
const FORGET_ALL = '>2\r\n$10\r\ninvalidate\r\n_\r\n';

type Heard = Record<Who, string[]>;

class World {
  readonly #clients: Record<Who, Subscriber>;
  #id = '';

  private constructor(clients: Record<Who, Subscriber>) {
    this.#clients = clients;
  }

  static async open(port: number): Promise<World> {
    const [a, w, r] = await Promise.all([1, 2, 3].map(() => Subscriber.open(port)));
    const world = new World({ a, w, r });
    await w.ask(['FLUSHALL']);
    await a.ask(['HELLO', '3']);
    [world.#id] = (await r.ask(['CLIENT', 'ID'])).map((reply) => reply.slice(1, -2));
    return world;
  }

  send([who, ...words]: Step): void {
    const requests: Word[][] = [[]];
    for (const word of words) {
      if (word === AND) requests.push([]);
      else requests.at(-1)?.push(word === SELF ? this.#id : word);
    }
    this.#clients[who].send(...requests);
  }

  get(who: Who): Subscriber {
    return this.#clients[who];
  }

  close(): void {
    for (const client of Object.values(this.#clients)) client.close();
  }
}

function isTold(frame: string): boolean {
  return frame.includes('invalidate\r\n') && !frame.includes('subscribe\r\n');
}

/** The reply, and behind it what is told of keys, in the order of the keys. */
function steady(frames: readonly string[]): string[] {
  const told = frames.filter(isTold).sort();
  const replies = frames.filter((frame) => !isTold(frame));
  return [...replies, ...told].map((text) => {
    // Redis 7.0 has a null of RESP3 for a client of RESP2 here.
    const whole = text.startsWith('*') ? text.replace('validate\r\n_', 'validate\r\n$-1') : text;
    return whole.replace(/(\$2\r\nid\r\n):\d+/, '$1:N');
  });
}

const WHO: readonly Who[] = ['a', 'w', 'r'];

/** What a server says: a PING behind each step shows where what it has to say ends. */
async function runDirect(port: number, steps: readonly Step[]): Promise<Heard[]> {
  const world = await World.open(port);
  const heard: Heard[] = [];
  for (const [i, step] of steps.entries()) {
    world.send(step);
    const frames: Heard = { a: [], w: [], r: [] };
    for (const who of [step[0], ...WHO.filter((each) => each !== step[0])]) {
      world.get(who).send(['PING', `mark${i}`]);
      for (;;) {
        const [next] = await world.get(who).take(1);
        if (next.includes(`mark${i}\r\n`)) break;
        frames[who].push(next);
      }
    }
    heard.push(frames);
  }
  world.close();
  return heard;
}

/** @returns false when ringway has told of all keys unasked: earlier reads are forgotten then */
async function runThrough(port: number, steps: readonly Step[], all: readonly Heard[]) {
  const world = await World.open(port);
  try {
    for (const [i, step] of steps.entries()) {
      world.send(step);
      for (const who of WHO) {
        const more = MORE.get(step)?.[who];
        const expected = steady(more === undefined ? all[i][who] : [...all[i][who], more]);
        const taken = await world.get(who).take(expected.length);
        // A connection that nobody needs is closed, and what was read over it forgotten.
        if (taken.includes(FORGET_ALL) && !expected.includes(FORGET_ALL)) return false;
        assert.deepEqual(steady(taken), expected, `${who} after ${step.join(' ')}`);
      }
    }
    // Nothing more than that.
    for (const who of WHO) {
      const [reply] = await world.get(who).ask(['PING', 'end']);
      if (reply === FORGET_ALL) return false;
      assert.deepEqual(world.get(who).frames, []);
    }
    return true;
  } finally {
    world.close();
  }
}

/** A client that is redirected to leaves, and does not close its side. @returns what `a` hears */
async function runLeft(port: number): Promise<string[]> {
  const [a, w, r] = await Promise.all([1, 2, 3].map(() => Subscriber.open(port)));
  await a.ask(['HELLO', '3']);
  const [id] = (await r.ask(['CLIENT', 'ID'])).map((reply) => reply.slice(1, -2));
  await r.ask(['SUBSCRIBE', '__redis__:invalidate']);
  assert.deepEqual(await a.ask(['CLIENT', 'TRACKING', 'ON', 'REDIRECT', id]), ['+OK\r\n']);
  await a.ask(['GET', 'left']);
  assert.deepEqual(await r.ask(['QUIT']), ['+OK\r\n']);
  await w.ask(['SET', 'left', '1']);
  const [broken] = await a.take(1);
  const heard = [broken.replace(`:${id}\r`, ':ID\r')];
  for (const words of [
    ['CLIENT', 'TRACKING', 'OFF'],
    ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', id],
  ]) {
    heard.push(...(await a.ask(words)));
  }
  for (const each of [a, w, r]) each.close();
  return heard;
}

describe('CLIENT TRACKING: as at one server', () => {
  let direct: RealServer;
  let servers: RealServer[] = [];
  const expected: Map<string, Heard[]> = new Map();

  before(async () => {
    direct = await startRedis();
    servers = await startRedisSet(5);
    for (const [name, steps] of Object.entries(PROGRAMS)) {
      expected.set(name, await runDirect(direct.port, steps));
    }
  });
  after(() => Promise.all([direct, ...servers].map((server) => server.stop())));

  function pools(): Parameters<typeof startInProcess>[0] {
    const ports = servers.map(({ port }) => port);
    const common = { allow_flush: true, hash_tag: '{}' };
    return [
      { ...common, servers: shards(ports.slice(0, 1)) },
      { ...common, servers: shards(ports.slice(1)) },
    ];
  }

  function suite(variant: Variant): void {
    describe(variant.label, () => {
      let ringway: TestRingway;
      before(async () => {
        ringway = await startInProcess(pools(), variant);
      });
      after(() => ringway.stop());
      test('who is redirected to has left: the client is told', async () => {
        const wanted = await runLeft(direct.port);
        assert.match(wanted[0], /tracking-redir-broken/);
        for (const port of ringway.ports) assert.deepEqual(await runLeft(port), wanted);
      });
      for (const [name, steps] of Object.entries(PROGRAMS)) {
        test(name, async () => {
          for (const port of ringway.ports) {
            let tries = 1;
            while (!(await runThrough(port, steps, expected.get(name) as Heard[]))) {
              assert.ok(tries++ < MOST_TRIES, 'it is always told of all keys');
            }
          }
        });
      }
    });
  }
  for (const variant of VARIANTS) suite(variant);
});
