import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/index.ts';
import { type RealServer, startRedis, startRedisSet } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import {
  poolFile,
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
} from '../../support/ringway.ts';
import { repliesTo, type Sequence, titleOf } from '../../support/sequences.ts';
import { delay, waitFor } from '../../support/wait.ts';

/** What Redis and ringway answer alike; one client changes what it watches itself. */
const ALIKE: readonly Sequence[] = [
  [['WATCH', '{t}a'], ['GET', '{t}a'], ['MULTI'], ['SET', '{t}a', 1], ['EXEC'], ['GET', '{t}a']],
  [
    ['WATCH', '{t}a', '{t}b'],
    ['SET', '{t}b', 1],
    ['MULTI'],
    ['SET', '{t}a', 2],
    ['EXEC'],
    ['GET', '{t}a'],
  ],
  [
    ['WATCH', '{t}a'],
    ['WATCH', '{t}b'],
    ['INCR', '{t}a'],
    ['MULTI'],
    ['PING'],
    ['EXEC'],
    ['MULTI'],
    ['EXEC'],
  ],
  [['WATCH', '{t}a'], ['INCR', '{t}a'], ['UNWATCH'], ['MULTI'], ['GET', '{t}a'], ['EXEC']],
  [
    ['WATCH', '{t}a'],
    ['INCR', '{t}a'],
    ['MULTI'],
    ['DISCARD'],
    ['MULTI'],
    ['GET', '{t}a'],
    ['EXEC'],
  ],
  [['WATCH', '{t}a'], ['MULTI'], ['EXEC'], ['PING']],
  [['WATCH', '{t}a'], ['INCR', '{t}a'], ['MULTI'], ['EXEC'], ['PING']],
  [['WATCH', '{t}a'], ['MULTI'], ['GET'], ['EXEC'], ['MULTI'], ['SET', '{t}c', 1], ['EXEC']],
  [['WATCH', '{t}a'], ['MULTI'], ['UNWATCH'], ['SET', '{t}a', 5], ['EXEC']],
  [['WATCH'], ['UNWATCH', 'x'], ['UNWATCH'], ['PING']],
  [
    ['WATCH', '{t}a'],
    ['EXEC'],
    ['DISCARD'],
    ['SET', '{t}a', 1],
    ['MULTI'],
    ['GET', '{t}a'],
    ['EXEC'],
  ],
  [['WATCH', '{t}a'], ['RESET'], ['SET', '{t}a', 1], ['MULTI'], ['GET', '{t}a'], ['EXEC']],
  [['WATCH', '{t}a'], ['QUIT']],
  // One that was never there has not changed when all are deleted.
  [['WATCH', '{t}never'], ['FLUSHALL'], ['MULTI'], ['PING'], ['EXEC']],
  [['SET', '{t}a', 1], ['WATCH', '{t}a'], ['FLUSHALL'], ['MULTI'], ['PING'], ['EXEC']],
  // A key is watched in the database that it was watched in.
  [['WATCH', '{t}a'], ['SELECT', 2], ['SET', '{t}a', 1], ['MULTI'], ['GET', '{t}a'], ['EXEC']],
  [
    ['SELECT', 2],
    ['WATCH', '{t}a'],
    ['SELECT', 0],
    ['SET', '{t}a', 1],
    ['MULTI'],
    ['PING'],
    ['EXEC'],
  ],
  [
    ['WATCH', '{t}a'],
    ['SELECT', 2],
    ['WATCH', '{t}a'],
    ['SET', '{t}a', 1],
    ['MULTI'],
    ['PING'],
    ['EXEC'],
  ],
  [
    ['WATCH', '{t}a'],
    ['SELECT', 3],
    ['MULTI'],
    ['SET', '{t}s', 3],
    ['EXEC'],
    ['GET', '{t}s'],
    ['SELECT', 0],
  ],
  [
    ['WATCH', '{t}a'],
    ['MULTI'],
    ['SELECT', 4],
    ['SET', '{t}s', 4],
    ['EXEC'],
    ['GET', '{t}s'],
    ['SELECT', 0],
  ],
  [['WATCH', '{t}a'], ['INCR', '{t}a'], ['MULTI'], ['SELECT', 4], ['EXEC'], ['GET', '{t}a']],
  [['CLIENT', 'REPLY', 'SKIP'], ['WATCH', '{t}a'], ['INCR', '{t}a'], ['MULTI'], ['PING'], ['EXEC']],
  ['WATCH {t}a\r\nSET {t}a 7\r\nMULTI\r\nGET {t}a\r\nEXEC\r\nMULTI\r\nGET {t}a\r\nEXEC\r\n'],
];

for (const variant of VARIANTS) {
  describe(`WATCH, ${variant.label}`, () => {
    let servers: RealServer[];
    let direct: RealServer;
    let one: TestRingway;
    let four: TestRingway;

    before(async () => {
      [direct, ...servers] = await startRedisSet(6);
      const lines = shards(servers.map(({ port }) => port));
      const keys = { hash_tag: '{}', allow_flush: true };
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
            const wanted = await repliesTo(direct.port, resp, sequence, apart);
            for (const { port } of [one, four]) {
              const got = await repliesTo(port, resp, sequence, apart);
              assert.deepEqual(got, wanted, titleOf(sequence));
            }
          }
        }
        for (const { port } of servers) await nothingIsLeft(port);
      });
    }
  });
}

/** No connection of the server is in a transaction; a watch shows in no list. */
async function nothingIsLeft(port: number): Promise<void> {
  const control = await RespClient.open(port);
  const list = String(await control.command('CLIENT', 'LIST'));
  control.close();
  assert.doesNotMatch(list, /flags=\S*[xb]|multi=[0-9]/);
}

describe('a watched key', () => {
  let server: RealServer;
  let ringway: TestRingway & Awaited<ReturnType<typeof startInProcess>>;
  let direct: RespClient;

  before(async () => {
    server = await startRedis();
    ringway = await startInProcess({
      servers: shards([server.port]),
      watch_timeout: 300,
      max_leased_connections: 3,
      lease_wait: 100,
    });
    direct = await RespClient.open(server.port);
  });
  after(async () => {
    direct.close();
    await ringway.stop();
    await server.stop();
  });

  test('whose time is over has changed, though nobody has looked at it', async () => {
    for (const port of [server.port, ringway.port]) {
      const client = await RespClient.open(port);
      await waitFor('a WATCH in time', async () => {
        await client.pipeline([['UNWATCH'], ['SET', 'short', 1, 'PX', 100], ['WATCH', 'short']]);
        return (await direct.command('PTTL', 'short')) !== -2;
      });
      await waitFor('its end', async () => (await direct.command('PTTL', 'short')) === -2);
      const replies = await client.pipeline([['MULTI'], ['PING'], ['EXEC']]);
      assert.equal(replies[2], null, String(port));
      client.close();
    }
  });

  async function counters(): Promise<number> {
    const list = String(await direct.command('CLIENT', 'LIST'));
    return list.trim().split('\n').length - 1;
  }

  test('that another client changes: EXEC answers nil and does nothing', async () => {
    const client = await RespClient.open(ringway.port);
    await client.command('WATCH', 'a');
    await direct.command('SET', 'a', 'theirs');
    assert.equal(await client.command('MULTI'), 'OK');
    await client.command('SET', 'a', 'mine');
    assert.equal(await client.command('EXEC'), null);
    assert.equal(String(await client.command('GET', 'a')), 'theirs');
    client.close();
  });

  test('counters of many clients lose no update, though each only reads and writes', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => RespClient.open(ringway.port)));
    await direct.command('SET', 'counter', '0');
    let retries = 0;
    await Promise.all(
      clients.map(async (client) => {
        for (let done = 0; done < 60; ) {
          const [watching, value] = await client.pipeline([
            ['WATCH', 'counter'],
            ['GET', 'counter'],
          ]);
          assert.equal(watching, 'OK');
          const next = Number(value) + 1;
          const replies = await client.pipeline([['MULTI'], ['SET', 'counter', next], ['EXEC']]);
          if (replies[2] === null) retries++;
          else done++;
        }
      }),
    );
    assert.equal(String(await direct.command('GET', 'counter')), '180');
    assert.ok(retries > 0, 'they did meet');
    for (const client of clients) client.close();
    assert.ok((await counters()) <= 4, 'three leased ones and a shared one');
  });

  test('longer than watch_timeout: the connection serves others, EXEC answers nil once', async () => {
    const client = await RespClient.open(ringway.port);
    await client.command('WATCH', 'b');
    await delay(450);
    const others = await Promise.all([1, 2, 3].map(() => RespClient.open(ringway.port)));
    for (const other of others) assert.equal(await other.command('WATCH', 'b'), 'OK');
    const block = [['MULTI'], ['SET', 'b', '1'], ['EXEC']];
    assert.equal((await client.pipeline(block))[2], null);
    assert.deepEqual((await client.pipeline(block))[2], ['OK']);
    for (const other of [client, ...others]) other.close();
  });

  test('for which there is no connection: an error, and EXEC does not run unguarded', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => RespClient.open(ringway.port)));
    await waitFor('the connections of the test before', async () => {
      const replies = await Promise.all(clients.map((each) => each.command('WATCH', 'c')));
      if (replies.every((reply) => reply === 'OK')) return true;
      await Promise.all(clients.map((each) => each.command('UNWATCH')));
      return false;
    });
    const late = await RespClient.open(ringway.port);
    const block = [['MULTI'], ['SET', 'c', '1'], ['EXEC']];
    const [refused, , , exec] = await late.pipeline([['WATCH', 'c'], ...block]);
    assert.match(String(refused), /no connection to shard1 is free \(max_leased_connections\)/);
    assert.match(String(exec), /EXECABORT/);
    assert.deepEqual((await late.pipeline(block))[2], ['OK']);
    for (const client of [late, ...clients]) client.close();
  });

  test('of a client that vanishes is watched no more, and its connection serves others', async () => {
    for (let i = 0; i < 12; i++) {
      const client = await RespClient.open(ringway.port);
      await client.send('WATCH d\r\n');
      if (i % 3 !== 0) assert.equal((await client.read(1))[0], 'OK');
      if (i % 3 === 2) await client.send('MULTI\r\nSET d 1\r\nEXEC\r\n');
      client.reset();
    }
    const client = await RespClient.open(ringway.port);
    await waitFor('a free connection', async () => (await client.command('WATCH', 'd')) === 'OK');
    client.close();
    assert.ok((await counters()) <= 4);
    await nothingIsLeft(server.port);
  });

  test('and another version of the protocol in between', async () => {
    const sequence: Sequence = [
      ['HSET', 'h', 'f', 'v'],
      ['WATCH', 'h'],
      ['HELLO', 3],
      ['MULTI'],
      ['HGETALL', 'h'],
      ['EXEC'],
      ['WATCH', 'h'],
      ['HELLO', 2],
      ['HSET', 'h', 'f', 'w'],
      ['MULTI'],
      ['EXEC'],
    ];
    const got = await repliesTo(ringway.port, 2, sequence);
    assert.equal(got[5], '*1\r\n%1\r\n$1\r\nf\r\n$1\r\nv\r\n');
    assert.equal(got[10], '*-1\r\n');
  });

  test('whose connection is lost: EXEC answers nil', async () => {
    const client = await RespClient.open(ringway.port);
    await waitFor('a free connection', async () => (await client.command('WATCH', 'e')) === 'OK');
    await direct.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await delay(50);
    assert.equal((await client.pipeline([['MULTI'], ['SET', 'e', '1'], ['EXEC']]))[2], null);
    client.close();
  });
});

describe('keys on several servers', () => {
  let servers: RealServer[];
  let ringway: Awaited<ReturnType<typeof startInProcess>>;
  const trees = 'ash beech cedar elm fir hazel larch maple oak pine'.split(' ');

  before(async () => {
    servers = await startRedisSet(4);
    ringway = await startInProcess({ servers: shards(servers.map(({ port }) => port)) });
  });
  after(async () => {
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('cannot be watched together, in one WATCH or in two: EXEC aborts', async () => {
    const client = await RespClient.open(ringway.port);
    for (const watches of [[['WATCH', ...trees]], trees.map((key) => ['WATCH', key])]) {
      const replies = await client.pipeline([
        ...watches,
        ['MULTI'],
        ['SET', 'ash', '1'],
        ['EXEC'],
        ['GET', 'ash'],
      ]);
      assert.ok(replies.some((reply) => /CROSSSERVER/.test(String(reply))));
      assert.match(String(replies.at(-2)), /EXECABORT/);
      assert.equal(replies.at(-1), null);
    }
    assert.deepEqual(
      (
        await client.pipeline([
          ...trees.map((key) => ['WATCH', key]),
          ['UNWATCH'],
          ['MULTI'],
          ['SET', 'ash', '1'],
          ['EXEC'],
        ])
      ).at(-1),
      ['OK'],
    );
    client.close();
  });

  test('between the watched ones and those of the transaction: EXEC aborts', async () => {
    const client = await RespClient.open(ringway.port);
    const replies = await client.pipeline([
      ['WATCH', 'ash'],
      ['MULTI'],
      ...trees.map((key) => ['SET', key, '1']),
      ['EXEC'],
    ]);
    assert.ok(replies.some((reply) => /CROSSSERVER keys 'ash' \(shard/.test(String(reply))));
    assert.match(String(replies.at(-1)), /EXECABORT/);
    client.close();
  });

  test('and a reload in between: EXEC answers nil', async () => {
    const client = await RespClient.open(ringway.port);
    await client.command('WATCH', 'elm');
    const listen = `127.0.0.1:${ringway.port}`;
    const lines = shards(servers.map(({ port }) => port)).slice(0, 2);
    const { text } = await poolFile([{ servers: lines, listen }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
    const block = [['MULTI'], ['SET', 'elm', '1'], ['EXEC']];
    assert.equal((await client.pipeline(block))[2], null);
    assert.deepEqual((await client.pipeline(block))[2], ['OK']);
    client.close();
  });
});
