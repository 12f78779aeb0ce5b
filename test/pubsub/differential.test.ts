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

// Each program is run against a server and through ringways with one and four servers: all that
// both of its connections hear must be the same bytes.

/** `s` subscribes, `p` publishes. `any`: what comes has no order of its own. */
type Step = readonly [who: 's' | 'p' | 's any' | 'p any', ...words: Word[]];

const LONG = 'x'.repeat(20_000);
const BINARY = Buffer.from([0, 1, 13, 10, 255, 128, 42]);

const PROGRAMS: Record<string, readonly Step[]> = {
  'channels: acknowledged one by one, counted together': [
    ['s', 'SUBSCRIBE', 'a'],
    ['s', 'SUBSCRIBE', 'b', 'c', 'b'],
    ['s', 'PSUBSCRIBE', 'p*'],
    ['p', 'PUBLISH', 'a', '1'],
    ['p', 'PUBLISH', 'b', ''],
    ['p', 'PUBLISH', 'nobody', '1'],
    ['s', 'UNSUBSCRIBE', 'a', 'none', 'a'],
    ['p', 'PUBLISH', 'a', '2'],
    ['s any', 'UNSUBSCRIBE'],
    ['s', 'UNSUBSCRIBE'],
    ['s', 'PUNSUBSCRIBE'],
    ['s', 'PUNSUBSCRIBE'],
    ['s', 'GET', 'none'],
  ],
  'patterns: one copy for each that fits': [
    ['s', 'PSUBSCRIBE', 'n?ws', 'n*', '[mn]ews', '\\n*'],
    ['s', 'SUBSCRIBE', 'news'],
    ['p any', 'PUBLISH', 'news', 'x'],
    ['s', 'PUNSUBSCRIBE', 'n*', 'none*'],
    ['p any', 'PUBLISH', 'news', 'y'],
    ['p', 'PUBLISH', 'n', 'z'],
    ['s any', 'PUNSUBSCRIBE'],
    ['p', 'PUBLISH', 'news', 'last'],
  ],
  'shard channels: counted apart': [
    ['s', 'SSUBSCRIBE', 's1', 's2'],
    ['s', 'SUBSCRIBE', 'c'],
    ['p', 'SPUBLISH', 's1', 'x'],
    ['p', 'PUBLISH', 's1', 'y'],
    ['p', 'SPUBLISH', 'c', 'z'],
    ['s', 'SUNSUBSCRIBE', 's1'],
    ['s', 'UNSUBSCRIBE', 'c'],
    ['s', 'SUNSUBSCRIBE'],
    ['s', 'SUNSUBSCRIBE'],
  ],
  'names and messages of any bytes': [
    ['s', 'SUBSCRIBE', BINARY, '', LONG],
    ['s', 'PSUBSCRIBE', Buffer.concat([BINARY, Buffer.from('*')])],
    ['p', 'PUBLISH', BINARY, BINARY],
    ['p', 'PUBLISH', '', 'x'],
    ['p', 'PUBLISH', LONG, LONG],
    ['p', 'PUBLISH', 'other', LONG],
    ['s', 'UNSUBSCRIBE', ''],
    ['p', 'PUBLISH', '', 'y'],
  ],
  'a client that has subscriptions may do little else': [
    ['s', 'SUBSCRIBE', 'c'],
    ['s', 'PING'],
    ['s', 'PING', 'hi'],
    ['s', 'PING', 'a', 'b'],
    ['s', 'GET', 'k'],
    ['s', 'get', 'k'],
    ['s', 'GET'],
    ['s', 'NOSUCH', 'k'],
    ['s', 'MGET', 'a', 'b', 'c'],
    ['s', 'CLIENT', 'ID'],
    ['s', 'CLIENT', 'NOSUCH'],
    ['s', 'CLIENT', 'GETNAME', 'x'],
    ['s', 'CONFIG', 'GET', 'save'],
    ['s', 'OBJECT', 'ENCODING', 'k'],
    ['s', 'PUBLISH', 'c', 'x'],
    ['s', 'PUBSUB', 'NUMPAT'],
    ['s', 'SELECT', '1'],
    ['s', 'ECHO', 'x'],
    ['s', 'MULTI'],
    ['s', 'EXEC'],
    ['s', 'SCRIPT', 'EXISTS', 'x'],
    ['s', 'SLOWLOG', 'LEN'],
    ['s', 'SUBSCRIBE'],
    ['s', 'PSUBSCRIBE', 'a*'],
    ['s', 'UNSUBSCRIBE'],
    ['s', 'SET', 'k', 'v'],
    ['s', 'PUNSUBSCRIBE', 'a*'],
    ['s', 'SET', 'k', 'v'],
    ['s', 'DEL', 'k'],
  ],
  'RESET ends all subscriptions': [
    ['s', 'SUBSCRIBE', 'a', 'b'],
    ['s', 'PSUBSCRIBE', 'c*'],
    ['s', 'RESET'],
    ['p', 'PUBLISH', 'a', 'x'],
    ['s', 'PING'],
    ['s', 'SUBSCRIBE', 'a'],
    ['p', 'PUBLISH', 'a', 'y'],
  ],
  'PUBSUB counts': [
    ['p', 'PUBSUB', 'CHANNELS'],
    ['p', 'PUBSUB', 'NUMPAT'],
    ['s', 'SUBSCRIBE', 'one', 'two', 'three'],
    ['s', 'PSUBSCRIBE', 'a*', 'b*'],
    ['s', 'SSUBSCRIBE', 'shard'],
    ['p any', 'PUBSUB', 'CHANNELS'],
    ['p any', 'PUBSUB', 'CHANNELS', 't*'],
    ['p', 'PUBSUB', 'channels', 'none*'],
    ['p', 'PUBSUB', 'NUMSUB', 'one', 'four', 'one', 'a*'],
    ['p', 'PUBSUB', 'NUMSUB'],
    ['p', 'PUBSUB', 'NUMPAT'],
    ['p', 'PUBSUB', 'SHARDCHANNELS'],
    ['p', 'PUBSUB', 'SHARDNUMSUB', 'shard', 'one'],
    ['p', 'PUBSUB', 'SHARDNUMSUB'],
    ['p', 'PUBSUB', 'NOSUCH'],
    ['p', 'PUBSUB', 'NUMPAT', 'x'],
    ['p', 'PUBSUB', 'CHANNELS', 'a', 'b'],
    ['p', 'PUBSUB'],
    ['p', 'PUBSUB', 'HELP'],
    ['p', 'PUBLISH', 'one'],
    ['p', 'SPUBLISH', 'one'],
    ['p', 'SSUBSCRIBE'],
    ['p', 'UNSUBSCRIBE'],
    ['p', 'PUNSUBSCRIBE', 'x'],
    ['p', 'SUNSUBSCRIBE', 'x', 'y'],
    ['p', 'PING'],
  ],
};

/** Only of RESP3, where a subscriber may do what it likes. */
const PROGRAMS3: Record<string, readonly Step[]> = {
  'requests between messages': [
    ['s', 'SUBSCRIBE', 'c'],
    ['s', 'SET', 'k', 'v'],
    ['s', 'GET', 'k'],
    ['s', 'MGET', 'k', 'none', 'k'],
    ['p', 'PUBLISH', 'c', 'x'],
    ['s any', 'PUBLISH', 'c', 'from itself'],
    ['s', 'PING'],
    ['s', 'DEL', 'k'],
  ],
  'another protocol version with subscriptions': [
    ['s', 'SUBSCRIBE', 'c'],
    ['p', 'PUBLISH', 'c', 'x'],
    ['s any', 'HELLO', '2'],
    ['p', 'PUBLISH', 'c', 'y'],
    ['s', 'GET', 'k'],
    ['s', 'HELLO', '3'],
    ['s', 'PING'],
    ['s', 'UNSUBSCRIBE', 'c'],
    ['s', 'GET', 'k'],
    ['s any', 'HELLO', '3'],
    ['s', 'SUBSCRIBE', 'c'],
    ['p', 'PUBLISH', 'c', 'z'],
  ],
};

interface Heard {
  readonly s: string[];
  readonly p: string[];
}

/** Connection numbers are never the same twice. */
function steady(frames: readonly string[]): string[] {
  return frames.map((text) => text.replace(/(\$2\r\nid\r\n):\d+/, '$1:N'));
}

async function withBoth<T>(
  port: number,
  resp: 2 | 3,
  use: (s: Subscriber, p: Subscriber) => Promise<T>,
): Promise<T> {
  const [s, p] = await Promise.all([Subscriber.open(port), Subscriber.open(port)]);
  try {
    for (const each of [s, p]) await each.ask(['HELLO', resp]);
    return await use(s, p);
  } finally {
    s.close();
    p.close();
  }
}

/** What a server says: a PING behind each step shows where what it has to say ends. */
function runDirect(port: number, resp: 2 | 3, steps: readonly Step[]): Promise<Heard[]> {
  return withBoth(port, resp, async (s, p) => {
    const heard: Heard[] = [];
    for (const [i, [who, ...words]] of steps.entries()) {
      (who[0] === 's' ? s : p).send(words);
      const upToMark = async (each: Subscriber): Promise<string[]> => {
        each.send(['PING', `mark${i}`]);
        const frames: string[] = [];
        for (;;) {
          const [next] = await each.take(1);
          if (next.includes(`mark${i}\r\n`)) return frames;
          frames.push(next);
        }
      };
      const [first, second] = who[0] === 's' ? [s, p] : [p, s];
      const one = await upToMark(first);
      const other = await upToMark(second);
      heard.push(who[0] === 's' ? { s: one, p: other } : { s: other, p: one });
    }
    return heard;
  });
}

function runThrough(
  port: number,
  resp: 2 | 3,
  steps: readonly Step[],
  expected: readonly Heard[],
): Promise<void> {
  return withBoth(port, resp, async (s, p) => {
    for (const [i, [who, ...words]] of steps.entries()) {
      (who[0] === 's' ? s : p).send(words);
      const what = words.map(String).join(' ').slice(0, 80);
      for (const [name, each] of [
        ['s', s],
        ['p', p],
      ] as const) {
        const wanted = steady(expected[i][name]);
        const got = steady(await each.take(wanted.length));
        if (who.endsWith('any')) assert.deepEqual(lines(got), lines(wanted), `${name}: ${what}`);
        else assert.deepEqual(got, wanted, `${name}: ${what}`);
      }
    }
    for (const each of [s, p]) assert.deepEqual(each.frames, []);
  });
}

function lines(frames: readonly string[]): string[] {
  return frames.join('').split('\r\n').sort();
}

for (const variant of VARIANTS) {
  describe(`pub/sub as a server does it, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let direct: RealServer;
  let servers: RealServer[];
  let ringways: TestRingway[];

  before(async () => {
    direct = await startRedis();
    // Each has its own: a server counts other proxies that subscribe.
    servers = await startRedisSet(9);
    const lines = shards(servers.map(({ port }) => port));
    ringways = [
      await startInProcess({ servers: lines.slice(0, 1) }, variant),
      await startInProcess({ servers: lines.slice(1, 5), hash: 'md5' }, variant),
      await startInProcess({ servers: lines.slice(5, 7), subscribe_to: 'owner' }, variant),
      await startInProcess({ servers: lines.slice(7), pubsub: 'own' }, variant),
    ];
  });
  after(async () => {
    for (const ringway of ringways) await ringway.stop();
    await Promise.all([direct, ...servers].map((server) => server.stop()));
  });

  for (const resp of [2, 3] as const) {
    // Under RESP3 nothing is refused to a subscriber.
    const both = Object.entries(PROGRAMS).filter(([name]) => {
      return resp === 2 || !name.startsWith('a client that');
    });
    for (const [name, steps] of resp === 2 ? both : [...both, ...Object.entries(PROGRAMS3)]) {
      test(`RESP${resp}, ${name}`, async () => {
        const expected = await runDirect(direct.port, resp, steps);
        for (const { port } of ringways) {
          await runThrough(port, resp, steps, expected);
        }
      });
    }
  }

  test('QUIT is answered and closes', async () => {
    for (const { port } of ringways) {
      const client = await Subscriber.open(port);
      await client.ask(['SUBSCRIBE', 'c']);
      assert.deepEqual(await client.ask(['QUIT']), ['+OK\r\n']);
      await client.end();
    }
  });
}
