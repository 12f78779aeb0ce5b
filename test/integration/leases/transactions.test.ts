import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { type RealServer, startRedis, startRedisSet } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../../support/ringway.ts';
import { repliesTo, type Sequence, titleOf } from '../../support/sequences.ts';

const BODY = 'x'.repeat(70_000);
const LUA = "return redis.call('set', KEYS[1], ARGV[1])";

/** What Redis and ringway answer alike, byte by byte, with any number of servers. */
const ALIKE: readonly Sequence[] = [
  [['MULTI'], ['EXEC']],
  [['MULTI'], ['MULTI'], ['EXEC'], ['EXEC']],
  [['MULTI'], ['DISCARD'], ['DISCARD'], ['EXEC']],
  [['multi'], ['multi'], ['discard'], ['GET', '{t}none']],
  [['EXEC'], ['DISCARD'], ['MULTI', 'x'], ['EXEC']],
  [['MULTI'], ['EXEC', 'x'], ['EXEC'], ['GET', '{t}none']],
  [['EXEC', 'x'], ['DISCARD', 'x'], ['PING']],
  [['MULTI'], ['DISCARD', 'x'], ['SET', '{t}a', 1], ['EXEC'], ['PING']],
  [['MULTI'], ['MULTI', 'x'], ['EXEC'], ['PING']],
  [['MULTI'], ['WATCH', '{t}k'], ['SET', '{t}a', 1], ['EXEC'], ['PING']],
  [['MULTI'], ['WATCH'], ['EXEC'], ['PING']],
  [['MULTI'], ['GET'], ['SET', '{t}a', 2], ['EXEC'], ['GET', '{t}a']],
  [['MULTI'], ['SET', '{t}a', 3], ['NOSUCH', 'x', 'y'], ['SET', '{t}a', 4], ['EXEC']],
  [['MULTI'], ['SET', '{t}a', 3], ['OBJECT', 'NOSUCH', 'y'], ['EXEC'], ['GET', '{t}a']],
  [['MULTI'], ['SET', '{t}a', 3], ['OBJECT', 'ENCODING'], ['EXEC'], ['GET', '{t}a']],
  [['MULTI'], ['RESET'], ['EXEC'], ['PING']],
  [['MULTI'], ['GET'], ['RESET'], ['MULTI'], ['EXEC']],
  [['MULTI'], ['SET', '{t}left', 1], ['QUIT'], ['GET', '{t}left']],
  [['MULTI'], ['SET', '{t}n', 5], ['INCR', '{t}n'], ['GET', '{t}n'], ['EXEC'], ['INCR', '{t}n']],
  [['SET', '{t}b', 1], ['MULTI'], ['GET', '{t}b'], ['EXEC'], ['MULTI'], ['DEL', '{t}b'], ['EXEC']],
  // Errors in the middle stay in the array.
  [
    ['MULTI'],
    ['SET', '{t}s', 'x'],
    ['INCR', '{t}s'],
    ['LPUSH', '{t}s', 1],
    ['GET', '{t}s'],
    ['EXEC'],
  ],
  [['MULTI'], ['EVAL', LUA, 1, '{t}e', 7], ['EVAL', 'return {1,2}', 0], ['GET', '{t}e'], ['EXEC']],
  [['MULTI'], ['EVAL', "return redis.error_reply('no')", 1, '{t}e'], ['GET', '{t}e'], ['EXEC']],
  // Keys at all places of the grammar.
  [
    ['MULTI'],
    ['MSET', '{t}m1', 1, '{t}m2', 2],
    ['MGET', '{t}m1', '{t}m2', '{t}m3'],
    ['EXISTS', '{t}m1', '{t}m1'],
    ['DEL', '{t}m1', '{t}m2'],
    ['SUNIONSTORE', '{t}u', '{t}u1', '{t}u2'],
    ['ZUNION', 2, '{t}z1', '{t}z2', 'WITHSCORES'],
    ['SORT', '{t}l', 'STORE', '{t}l2'],
    ['OBJECT', 'ENCODING', '{t}u'],
    ['RENAMENX', '{t}r1', '{t}r2'],
    ['EXEC'],
  ],
  // Types of RESP3.
  [
    ['MULTI'],
    ['HSET', '{t}h', 'f', 'v'],
    ['HGETALL', '{t}h'],
    ['ZADD', '{t}z', 1.5, 'm'],
    ['EXEC'],
  ],
  [['MULTI'], ['ZSCORE', '{t}z', 'm'], ['ZRANGE', '{t}z', 0, -1, 'WITHSCORES'], ['EXEC']],
  [['MULTI'], ['SADD', '{t}set', 'a'], ['SMEMBERS', '{t}set'], ['EXEC']],
  // Never a part of it.
  ...['SAVE', 'SHUTDOWN', 'SYNC'].map((name): Sequence => {
    return [['MULTI'], ['SET', '{t}never', 1], [name], ['EXEC'], ['GET', '{t}never']];
  }),
  // No key.
  [['MULTI'], ['PING'], ['PING', 'x'], ['ECHO', 'e'], ['COMMAND', 'COUNT'], ['EXEC']],
  [['MULTI'], ['SET', '{t}w', 1], ['WAIT', 0, 100], ['ACL', 'WHOAMI'], ['EXEC']],
  [['MULTI'], ['PUBLISH', 'channel', 'm'], ['GET', '{t}w'], ['EXEC']],
  // Nothing blocks.
  [['MULTI'], ['XREAD', 'BLOCK', 0, 'STREAMS', '{t}x', '$'], ['XLEN', '{t}x'], ['EXEC']],
  // Databases.
  [
    ['SET', '{t}d', 0],
    ['MULTI'],
    ['SELECT', 3],
    ['SET', '{t}d', 3],
    ['GET', '{t}d'],
    ['EXEC'],
    ['GET', '{t}d'],
    ['SELECT', 0],
    ['GET', '{t}d'],
  ],
  [
    ['MULTI'],
    ['SELECT', 4],
    ['SELECT', 99],
    ['SELECT', 'x'],
    ['SET', '{t}d', 4],
    ['EXEC'],
    ['GET', '{t}d'],
  ],
  [
    ['SELECT', 2],
    ['MULTI'],
    ['SELECT', 3],
    ['SELECT', 2],
    ['SET', '{t}q', 1],
    ['EXEC'],
    ['GET', '{t}q'],
  ],
  [['MULTI'], ['SELECT', 5], ['GET'], ['EXEC'], ['GET', '{t}d']],
  // Lines, and what stands in front of it and behind it.
  ['SET {t}l 1\r\nMULTI\r\nSET {t}l 2\r\nINCR {t}l\r\nEXEC\r\nINCR {t}l\r\n'],
  // Large: requests that are assembled, a block of its own, replies in pieces.
  [
    ['MULTI'],
    ['SET', '{t}big', BODY],
    ['STRLEN', '{t}big'],
    ['SET', '{t}big2', BODY.repeat(5)],
    ['GET', '{t}big'],
    ['EXEC'],
    ['STRLEN', '{t}big'],
  ],
  [['MULTI'], ...Array.from({ length: 12 }, () => ['GET', '{t}big2']), ['EXEC'], ['PING']],
  [['MULTI'], ...Array.from({ length: 3000 }, (_, i) => ['APPEND', '{t}many', `${i},`]), ['EXEC']],
  [['GET', '{t}many']],
  // Unheard.
  [
    ['CLIENT', 'REPLY', 'OFF'],
    ['MULTI'],
    ['SET', '{t}off', 1],
    ['EXEC'],
    ['CLIENT', 'REPLY', 'ON'],
    ['GET', '{t}off'],
  ],
  [['CLIENT', 'REPLY', 'SKIP'], ['MULTI'], ['SET', '{t}off', 2], ['EXEC'], ['GET', '{t}off']],
  [['MULTI'], ['SET', '{t}off', 3], ['DISCARD'], ['GET', '{t}off']],
];

/** The same, where there is only one server whose answer it could be. */
const ALIKE_ALONE: readonly Sequence[] = [
  [['MULTI'], ['DBSIZE'], ['SCRIPT', 'LOAD', 'return 1'], ['EXEC']],
  [
    ['MULTI'],
    ['SCRIPT', 'EXISTS', 'x'],
    ['FUNCTION', 'LIST'],
    ['CONFIG', 'GET', 'maxclients'],
    ['EXEC'],
  ],
  [['MULTI'], ['SET', 'a', 1], ['SET', 'b', 2], ['MGET', 'a', 'b'], ['EXEC']],
  [['MULTI'], ['FLUSHALL'], ['EXEC'], ['DBSIZE']],
];

for (const variant of VARIANTS) {
  describe(`MULTI and EXEC, ${variant.label}`, () => {
    let servers: RealServer[];
    let direct: RealServer;
    let one: TestRingway;
    let four: TestRingway;
    const keys = { hash_tag: '{}', allow_flush: true };

    before(async () => {
      [direct, ...servers] = await startRedisSet(6);
      const lines = shards(servers.map(({ port }) => port));
      one = await startInProcess({ servers: lines.slice(0, 1), ...keys }, variant);
      four = await startInProcess({ servers: lines.slice(1), ...keys }, variant);
    });
    after(async () => {
      await Promise.all([one.stop(), four.stop()]);
      await Promise.all([direct, ...servers].map((server) => server.stop()));
    });

    for (const resp of [2, 3] as const) {
      test(`in the words of Redis, RESP${resp}`, async () => {
        for (const { port } of [direct, ...servers]) await repliesTo(port, 2, [['FLUSHALL']]);
        for (const apart of [false, true]) {
          for (const sequence of ALIKE) {
            if (apart && sequence.length > 100) continue;
            const wanted = await repliesTo(direct.port, resp, sequence, apart);
            for (const { port } of [one, four]) {
              assert.deepEqual(
                await repliesTo(port, resp, sequence, apart),
                wanted,
                titleOf(sequence),
              );
            }
          }
        }
        for (const sequence of ALIKE_ALONE) {
          const wanted = await repliesTo(direct.port, resp, sequence);
          assert.deepEqual(await repliesTo(one.port, resp, sequence), wanted, titleOf(sequence));
        }
      });
    }
  });
}

describe('a transaction', () => {
  let servers: RealServer[];
  let ringway: TestRingway;
  /** A key that another server has than those with the tag. */
  let elsewhere = '';

  before(async () => {
    servers = await startRedisSet(4);
    const lines = shards(servers.map(({ port }) => port));
    ringway = await startInProcess({ servers: lines, hash_tag: '{}', max_transaction: 100_000 });
    for (let i = 0; elsewhere === ''; i++) {
      const [, refused] = await outcome(['GET', '{t}'], ['GET', `k:${i}`]);
      if (refused.includes('CROSSSERVER')) elsewhere = `k:${i}`;
    }
  });
  after(async () => {
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function outcome(...requests: string[][]): Promise<string[]> {
    const client = await RespClient.open(ringway.port);
    const replies = await client.pipeline([['MULTI'], ...requests, ['EXEC'], ['GET', '{t}out']]);
    client.close();
    return replies.slice(1).map(String);
  }

  test('of keys on several servers is refused where the second stands, and nothing is done', async () => {
    const [queued, refused, later, exec, value] = await outcome(
      ['SET', '{t}out', '1'],
      ['SET', elsewhere, '1'],
      ['SET', '{t}out', '2'],
    );
    assert.equal(queued, 'QUEUED');
    const keys = `'\\{t\\}out' \\(shard\\d\\) and '${elsewhere}' \\(shard\\d\\)`;
    const rest = 'live on different servers; give them a common hash tag';
    assert.match(refused, new RegExp(`^ReplyError: CROSSSERVER keys ${keys} ${rest}$`));
    assert.equal(later, 'QUEUED');
    assert.match(exec, /EXECABORT Transaction discarded because of previous errors/);
    assert.equal(value, 'null');
  });

  for (const [words, text] of [
    [['DBSIZE'], "'dbsize' inside MULTI would reach one server only"],
    [['INFO'], "'info' inside MULTI would reach one server only"],
    [['CONFIG', 'GET', '*'], "'config get' inside MULTI would reach one server only"],
    [['SCAN', '0'], "'scan' inside MULTI would reach one server only"],
    [['AUTH', 'x'], "'auth' inside MULTI is not supported by ringway"],
    [['HELLO', '3'], "'hello' inside MULTI is not supported by ringway"],
    [['CLIENT', 'REPLY', 'OFF'], "'client reply' inside MULTI is not supported by ringway"],
    [['CLIENT', 'SETNAME', 'x'], "'client setname' inside MULTI is not supported by ringway"],
    [['DEBUG', 'SLEEP', '0'], "'debug' is not supported by ringway"],
    [['MSET', '{t}a', '1', 'ELSEWHERE', '1'], 'CROSSSERVER keys'],
    [['SET', '{t}big', 'x'.repeat(110_000)], 'transaction is larger than max_transaction'],
  ] as const) {
    test(`${words.join(' ').slice(0, 40)} in it: an error, and EXEC does nothing`, async () => {
      const [, refused, exec, value] = await outcome(
        ['SET', '{t}out', '1'],
        words.map((each) => (each === 'ELSEWHERE' ? elsewhere : each)),
      );
      assert.ok(refused.includes(text), refused);
      assert.match(exec, /EXECABORT/);
      assert.equal(value, 'null');
    });
  }

  test('that is large keeps nobody else waiting, and stays in order with its own client', async () => {
    const client = await RespClient.open(ringway.port);
    const big = 'y'.repeat(90_000);
    for (let i = 0; i < 20; i++) {
      const replies = await client.pipeline([
        ['SET', '{t}o', `before ${i}`],
        ['MULTI'],
        ['GET', '{t}o'],
        ['SET', '{t}o', big],
        ['SELECT', '0'],
        ['SET', '{t}o', `in ${i}`],
        ['EXEC'],
        ['GET', '{t}o'],
      ]);
      assert.equal(String((replies[6] as unknown[])[0]), `before ${i}`);
      assert.equal(String(replies[7]), `in ${i}`);
    }
    client.close();
  });

  test('shows in CLIENT LIST', async () => {
    const [client, other] = [
      await RespClient.open(ringway.port),
      await RespClient.open(ringway.port),
    ];
    await client.pipeline([['MULTI'], ['SET', '{t}l', '1'], ['GET', '{t}l']]);
    assert.match(String(await other.text('CLIENT', 'LIST')), / flags=x .* multi=2 /);
    assert.match(String(await other.text('CLIENT', 'LIST')), / flags=N .* multi=-1 /);
    client.close();
    other.close();
  });

  test('of ioredis and of node-redis', async () => {
    const io = new Redis(ringway.port, '127.0.0.1');
    const done = await io.multi().set('{t}io', '5').incr('{t}io').get('{t}io').exec();
    assert.deepEqual(done, [
      [null, 'OK'],
      [null, 6],
      [null, '6'],
    ]);
    await assert.rejects(io.multi().incr('{t}n').incr(elsewhere).exec(), /EXECABORT/);
    io.disconnect();
    const node = createClient({ url: `redis://127.0.0.1:${ringway.port}` });
    await node.connect();
    assert.deepEqual(await node.multi().set('{t}node', '1').get('{t}node').exec(), ['OK', '1']);
    await node.close();
  });
});

describe('the connections of servers', () => {
  test('carry transactions of many clients, and none is left in the middle of one', async () => {
    const server = await startRedis();
    const ringway = await startInProcess({ servers: shards([server.port]) });
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => RespClient.open(ringway.port)),
    );
    const asked = clients.flatMap((client, i) =>
      Array.from({ length: 20 }, async (_, n) => {
        const key = `k:${i}:${n}`;
        const all = await client.pipeline([
          ['SET', key, n],
          ['MULTI'],
          ['INCR', key],
          ['INCR', 'all'],
          ['EXEC'],
          ['GET', key],
        ]);
        assert.equal((all[4] as number[])[0], n + 1);
        assert.equal(String(all[5]), String(n + 1));
      }),
    );
    await Promise.all(asked);
    const control = await RespClient.open(server.port);
    assert.equal(await control.text('GET', 'all'), '400');
    const list = String(await control.text('CLIENT', 'LIST'));
    assert.equal(list.trim().split('\n').length, 2, 'one of ringway, one of this test');
    assert.doesNotMatch(list, /flags=\S*x|multi=[0-9]/);
    control.close();
    for (const client of clients) client.close();
    await ringway.stop();
    await server.stop();
  });
});
