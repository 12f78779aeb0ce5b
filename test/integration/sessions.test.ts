import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { raw } from '../support/raw-exchange.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, ReplyError, RespClient, toText } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';

for (const variant of VARIANTS) {
  describe(`sessions, ${variant.label}`, () => {
    let servers: RealServer[];
    let ringway: TestRingway;
    let port: number;
    const lines = () => shards(servers.map((server) => server.port));

    before(async () => {
      servers = await startRedisSet(4);
      ringway = await startInProcess({ servers: lines() }, variant);
      port = ringway.port;
    });
    after(async () => {
      await ringway.stop();
      await Promise.all(servers.map((server) => server.stop()));
    });

    async function withPool(pool: object, use: (port: number) => Promise<void>): Promise<void> {
      const own = await startInProcess({ servers: lines(), ...pool }, variant);
      try {
        await use(own.port);
      } finally {
        await own.stop();
      }
    }

    test('each client has its own database, in order within a pipeline', async () => {
      const requests = Array.from({ length: 40 }, (_, i) => [
        ['SELECT', i % 7],
        ['SET', `own:${i % 3}`, i],
        ['GET', `own:${i % 3}`],
      ]).flat();
      const clients = await Promise.all(Array.from({ length: 8 }, () => RespClient.open(port)));
      for (const client of clients.slice(1))
        void client.pipeline([
          ['SELECT', 9],
          ['GET', 'own:0'],
        ]);
      const replies = toText(await clients[0].pipeline(requests)) as string[];
      for (let i = 0; i < 40; i++) assert.equal(replies[i * 3 + 2], String(i));
      assert.equal(await clients[1].text('GET', 'own:0'), null);
      assert.equal(await clients[2].text('SELECT', '1'), 'OK');
      for (const client of clients) client.close();
    });

    test('a database that the servers do not have', async () => {
      const client = await RespClient.open(port);
      await client.text('SET', 'where', 'zero');
      const [refused, still] = await client.pipeline([
        ['SELECT', 16],
        ['GET', 'where'],
      ]);
      assert.match(String(refused), /DB index is out of range/);
      assert.equal(String(still), 'zero');
      client.close();
    });

    test('RESP2 and RESP3 clients side by side; types pass, also through a split MGET', async () => {
      const keys = Array.from({ length: 40 }, (_, i) => `t:${i}`);
      const setup = [
        ['SET', keys[3], 'x'],
        ['HSET', 'th', 'f', 'v'],
        ['ZADD', 'tz', '1.5', 'm'],
      ];
      await raw(port, setup);
      const questions = [
        ['MGET', ...keys],
        ['HGETALL', 'th'],
        ['ZSCORE', 'tz', 'm'],
        ['GET', 'no'],
      ];
      const three = (await raw(port, [['HELLO', 3], ...questions])).slice(1);
      const two = await raw(port, questions);
      const nulls = (text: string): string =>
        keys.map((_, i) => (i === 3 ? '$1\r\nx\r\n' : text)).join('');
      assert.deepEqual(three, [
        `*40\r\n${nulls('_\r\n')}`,
        '%1\r\n$1\r\nf\r\n$1\r\nv\r\n',
        ',1.5\r\n',
        '_\r\n',
      ]);
      assert.equal(two[0], `*40\r\n${nulls('$-1\r\n')}`);
      assert.deepEqual(two.slice(1), ['*2\r\n$1\r\nf\r\n$1\r\nv\r\n', '$3\r\n1.5\r\n', '$-1\r\n']);
    });

    test("big numbers, verbatim texts, attributes pass; pushes are nobody's reply", async () => {
      const replies: Record<string, string> = {
        big: '(3492890328409238509324850943850943825024385\r\n',
        text: '=7\r\ntxt:abc\r\n',
        hint: '|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n',
        pushed: '>2\r\n+invalidate\r\n*1\r\n+key\r\n#t\r\n',
      };
      const fake: FakeServer = await startFake((_index, request) => {
        const words = request.toString().split('\r\n');
        if (words[2] === 'HELLO') return send('%1\r\n+proto\r\n:3\r\n');
        return send(words[2] === 'GET' ? replies[words[4]] : '+OK\r\n');
      });
      const own = await startInProcess({ servers: [`127.0.0.1:${fake.port}:1 f`] }, variant);
      const names = Object.keys(replies);
      const got = await raw(own.port, [['HELLO', 3], ...names.map((name) => ['GET', name])]);
      const [big, text, , pushed] = got.slice(1);
      assert.equal(big, replies['big']);
      assert.equal(text, replies['text']);
      assert.equal(got[3], replies['hint']);
      assert.equal(pushed, '#t\r\n');
      await own.stop();
      await fake.stop();
    });

    test('SCAN finds every key, each step on a connection of its own', async () => {
      const client = await RespClient.open(port);
      await client.text('SELECT', '8');
      await client.pipeline(Array.from({ length: 500 }, (_, i) => ['SET', `scan:${i}`, 'v']));
      const found = new Set<string>();
      let cursor = '0';
      do {
        const [, reply] = await raw(port, [
          ['SELECT', 8],
          ['SCAN', cursor, 'COUNT', 20],
        ]);
        const [, , next, , , ...rest] = reply.split('\r\n');
        cursor = next;
        assert.match(cursor, /^\d{1,15}$/);
        for (const key of rest.filter((each) => each.startsWith('scan:'))) found.add(key);
      } while (cursor !== '0');
      assert.equal(found.size, 500);
      assert.equal(await client.text('DBSIZE'), 500);
      client.close();
    });

    test('FLUSHALL is refused unless it is allowed, MSETNX over several servers always', async () => {
      const client = await RespClient.open(port);
      assert.match(String(await client.command('FLUSHALL')), /allow_flush/);
      const pairs = Array.from({ length: 40 }, (_, i) => [`nx:${i}`, 'v']).flat();
      assert.match(String(await client.command('MSETNX', ...pairs)), /CROSSSERVER/);
      assert.equal(await client.text('EXISTS', ...pairs.filter((_, i) => i % 2 === 0)), 0);
      client.close();
    });

    test('CLIENT REPLY, LIST, KILL', async () => {
      const [a, b] = await Promise.all([RespClient.open(port), RespClient.open(port)]);
      await a.text('CLIENT', 'SETNAME', 'first');
      assert.match(String(await b.text('CLIENT', 'LIST')), /name=first .*resp=2/);
      const on = encodeRequest('CLIENT', 'REPLY', 'ON');
      await a.send(encodeRequest('CLIENT', 'REPLY', 'OFF'));
      await a.send(
        Buffer.concat([encodeRequest('SET', 'quiet', '1'), encodeRequest('NOSUCH'), on]),
      );
      assert.equal(String(await a.readRaw(1)), '+OK\r\n');
      await a.send(
        Buffer.concat([encodeRequest('CLIENT', 'REPLY', 'SKIP'), encodeRequest('PING')]),
      );
      assert.equal(await a.text('GET', 'quiet'), '1');
      const id = await a.text('CLIENT', 'ID');
      assert.equal(await b.text('CLIENT', 'KILL', 'ID', String(id)), 1);
      await a.readToEnd();
      assert.equal(await b.text('PING'), 'PONG');
      b.close();
    });

    test('CLIENT NO-TOUCH and NO-EVICT promise nothing that servers do not keep', async () => {
      const client = await RespClient.open(port);
      const refusal =
        /^ERR 'client no-touch' is not supported by ringway: a server connection is shared/;
      const error = await client.command('CLIENT', 'NO-TOUCH', 'ON');
      assert.match((error as Error).message, refusal);
      assert.equal(await client.text('CLIENT', 'NO-TOUCH', 'off'), 'OK');
      assert.match(String(await client.command('CLIENT', 'NO-TOUCH', 'no')), /syntax error/);
      assert.equal(await client.text('CLIENT', 'NO-EVICT', 'ON'), 'OK');
      assert.match(String(await client.text('CLIENT', 'INFO')), / flags=e /);
      client.close();
    });

    test('never more server connections than max_backend_connections', async () => {
      await withPool({ max_backend_connections: 8 }, async (own) => {
        const client = await RespClient.open(own);
        for (let db = 0; db < 15; db++) {
          assert.equal(await client.text('SELECT', String(db)), 'OK');
          await client.pipeline(Array.from({ length: 20 }, (_, i) => ['GET', `cap:${i}`]));
          const info = String(await client.text('INFO', 'stats'));
          assert.ok(Number(/backend_connections:(\d+)/.exec(info)?.[1]) <= 8, info);
        }
        client.close();
      });
    });

    test('commands of the configuration, and commands that a server explains', async () => {
      const args = ['--rename-command', 'GET', 'MY.GET', '--rename-command', 'MGET', 'MY.MGET'];
      const other = await startRedis({ args });
      const line = { servers: [`127.0.0.1:${other.port}:1 s`] };
      for (const key of ['custom_commands: MY.GET 1, MY.MGET 1 -1', 'unknown_commands: ask']) {
        const [name, value] = key.split(': ');
        const own = await startInProcess({ ...line, [name]: value }, variant);
        const client = await RespClient.open(own.port);
        const replies = await client.pipeline([
          ['SET', 'k', 'v'],
          ['MY.GET', 'k'],
          ['my.mget', 'k', 'none'],
          ['MY.NOSUCH', 'x'],
          ['PING'],
        ]);
        const [, got, several, unknown, pong] = toText(replies) as unknown[];
        assert.deepEqual([got, several, pong], ['v', ['v', null], 'PONG'], key);
        assert.match(String(unknown), /unknown command 'MY.NOSUCH', with args beginning with: 'x'/);
        client.close();
        await own.stop();
      }
      await other.stop();
    });
  });
}

describe('passwords', () => {
  test('AUTH in a pool without one: as at a Redis without one', async () => {
    const server = await startRedis();
    const ringway = await startInProcess({ servers: shards([server.port]) });
    const asked = [
      ['AUTH', 'default', 'any'],
      ['AUTH', 'nobody', 'any'],
      ['HELLO', 3, 'AUTH', 'nobody', 'any'],
      ['GET', 'k'],
    ];
    const expected = await raw(server.port, asked);
    assert.deepEqual(await raw(ringway.port, asked), expected);
    assert.equal(expected[0], '+OK\r\n');
    assert.match(expected[1], /^-WRONGPASS /);
    await ringway.stop();
    await server.stop();
  });

  test('HELLO and AUTH with the user default; lanes log in by themselves', async () => {
    const server = await startRedis({ args: ['--requirepass', 's3cret'] });
    const pool = { servers: [`127.0.0.1:${server.port}:1 s`], redis_auth: 's3cret' };
    const ringway = await startInProcess(pool);
    const right = await raw(ringway.port, [
      ['HELLO', 3],
      ['HELLO', 3, 'AUTH', 'default', 'wrong'],
      ['GET', 'k'],
      ['HELLO', 3, 'AUTH', 'default', 's3cret', 'SETNAME', 'me'],
      ['SELECT', 2],
      ['GET', 'k'],
      ['CLIENT', 'GETNAME'],
      ['AUTH', 'default', 's3cret'],
      ['RESET'],
      ['GET', 'k'],
    ]);
    assert.match(right[0], /^-NOAUTH HELLO must be called/);
    assert.match(right[1], /^-WRONGPASS/);
    assert.equal(right[2], '-NOAUTH Authentication required\r\n');
    assert.match(right[3], /^%7\r\n/);
    assert.deepEqual(right.slice(4), [
      '+OK\r\n',
      '_\r\n',
      '$2\r\nme\r\n',
      '+OK\r\n',
      '+RESET\r\n',
      '-NOAUTH Authentication required\r\n',
    ]);
    await ringway.stop();
    await server.stop();
  });
});

describe('partial failure', () => {
  test('MGET and SCRIPT LOAD with one server down', async () => {
    const servers = await startRedisSet(3);
    const lines = shards(servers.map(({ port }) => port));
    const keys = Array.from({ length: 60 }, (_, i) => `${i * 7919}:failure`);
    const whole = await startInProcess({ servers: lines });
    const perKey = await startInProcess({ servers: lines, partial_failure: 'per-key' });
    const client = await RespClient.open(perKey.port);
    await client.pipeline(keys.map((key) => ['SET', key, key]));
    await servers[1].stop();
    const values = (await client.command('MGET', ...keys)) as unknown[];
    const good = values.filter((value, i) => String(value) === keys[i]);
    const bad = values.filter((value) => /ERR/.test(String(value)) || value instanceof Error);
    assert.ok(good.length > 0 && bad.length > 0, String(values));
    assert.equal(good.length + bad.length, keys.length);
    const other = await RespClient.open(whole.port);
    assert.match(String(await other.command('MGET', ...keys)), /refused|unknown|reset/);
    assert.match(String(await other.command('SCRIPT', 'LOAD', 'return 1')), /shard2 did not do it/);
    client.close();
    other.close();
    await Promise.all([whole.stop(), perKey.stop()]);
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('integers are what Redis takes for one', async () => {
    const [server] = await startRedisSet(1);
    const ringway = await startInProcess({ servers: shards([server.port]), slowlog_ms: 1000 });
    const ours = await RespClient.open(ringway.port);
    const direct = await RespClient.open(server.port);
    for (const number of ['01', '-0', '+1', '00', '-01', '', '1 ', '0x1', '1', '0']) {
      for (const words of [
        ['SELECT', number],
        ['WAIT', number, '1'],
        ['WAIT', '0', number],
        ['SLOWLOG', 'GET', number],
      ]) {
        const [got, wanted] = [await ours.command(...words), await direct.command(...words)];
        if (words[0] === 'SLOWLOG') {
          assert.equal(got instanceof ReplyError, wanted instanceof ReplyError, words.join(' '));
        } else assert.equal(String(got), String(wanted), words.join(' '));
      }
    }
    for (const client of [ours, direct]) client.close();
    await ringway.stop();
    await server.stop();
  });

  test('WAIT answers the smallest count of all servers', async () => {
    const fakes = await Promise.all([3, 1, 2].map((n) => startFake(() => send(`:${n}\r\n`))));
    const ringway = await startInProcess({ servers: shards(fakes.map(({ port }) => port)) });
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.text('WAIT', '1', '0'), 1);
    assert.equal(await client.text('WAIT', '2', '50'), 1);
    client.close();
    await ringway.stop();
    await Promise.all(fakes.map((fake) => fake.stop()));
  });

  test('WAIT gives up after its time', async () => {
    const [server] = await startRedisSet(1);
    const ringway = await startInProcess({ servers: shards([server.port]) });
    const client = await RespClient.open(ringway.port);
    const since = performance.now();
    assert.equal(await client.text('WAIT', '1', '100'), 0);
    assert.ok(performance.now() - since >= 95);
    client.close();
    await ringway.stop();
    await server.stop();
  });
});

test('a refused database is remembered: a loop of SELECT opens no connections', async () => {
  const servers = await startRedisSet(2);
  const ringway = await startInProcess({ servers: shards(servers.map(({ port }) => port)) });
  const client = await RespClient.open(ringway.port);
  const opened = async (): Promise<number> => {
    const direct = await RespClient.open(servers[0].port);
    const stats = String(await direct.text('INFO', 'stats'));
    direct.close();
    return Number(/total_connections_received:(\d+)/.exec(stats)?.[1]);
  };
  const refused = String(await client.command('SELECT', 16));
  assert.match(refused, /DB index is out of range/);
  const before = await opened();
  for (let i = 0; i < 100; i++) {
    assert.equal(String(await client.command('SELECT', 16 + i)), refused);
  }
  assert.equal(await opened(), before + 1);
  assert.equal(await client.text('SELECT', 15), 'OK');
  client.close();
  await ringway.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

test('names of more than 256 bytes are refused, CLIENT KILL and LIST are linear', async () => {
  const server = await startRedis();
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await RespClient.open(ringway.port);
  const long = 'n'.repeat(257);
  for (const words of [
    ['CLIENT', 'SETNAME', long],
    ['HELLO', '2', 'SETNAME', long],
    ['CLIENT', 'SETINFO', 'LIB-NAME', long],
    ['CLIENT', 'SETINFO', 'LIB-VER', long],
  ]) {
    assert.match(String(await client.command(...words)), /cannot be longer than 256 bytes/);
  }
  assert.equal(await client.text('CLIENT', 'SETNAME', long.slice(1)), 'OK');
  assert.equal(await client.text('CLIENT', 'GETNAME'), long.slice(1));
  await client.send(encodeRequest('CLIENT', 'LIST', 'TYPE', 'x\r\n$5\r\nFORGE'));
  assert.equal(String(await client.readRaw(1)), "-ERR Unknown client type 'x  $5  FORGE'\r\n");
  client.close();
  await ringway.stop();
  await server.stop();
});

test('a CONFIG GET of more than 4,096 bytes is refused, and the connection is kept', async () => {
  const server = await startRedis();
  const ringway = await startInProcess({ servers: shards([server.port]) });
  const client = await RespClient.open(ringway.port);
  const reply = String(await client.command('CONFIG', 'GET', 'x'.repeat(4097)));
  assert.equal(reply, 'ReplyError: ERR CONFIG GET of more than 4096 bytes');
  assert.equal(await client.command('PING'), 'PONG');
  client.close();
  await ringway.stop();
  await server.stop();
});
