import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';
import { LATER, NOT_EXECUTED } from '../acl/oracle.ts';
import { RandomRules } from '../acl/random-rules.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  poolFile,
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
} from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';

const USERS = [
  'default on nopass ~* &* +@all -@dangerous -@scripting',
  'app on >pw ~app:* %R~ref:* &app:* +@all -@dangerous -@scripting',
  'writer on >pw %W~w:* ~rw:* &* +@write +@read +ping -@scripting',
  'parts on >pw resetkeys +get +select|1 +config|get (~p:* +set +mget) (~q:* +del +@pubsub &q)',
  'glob on >pw ~a*z ~[bc]?d* +@all -@scripting',
  'root on >pw ~* &* +@all',
  'off off >pw ~* &* +@all -@scripting',
];

/** What Redis and ringway say in the same words, whoever asks. */
const REQUESTS: string[][] = [
  ['GET', 'app:1'],
  ['SET', 'app:1', 'v'],
  ['GET', 'ref:1'],
  ['SET', 'ref:1', 'v'],
  ['GET', 'other'],
  ['MGET', 'app:1', 'app:2'],
  ['MGET', 'app:1', 'ref:1'],
  ['MGET', 'app:1', 'other'],
  ['MSET', 'app:1', '1', 'ref:1', '2'],
  ['DEL', 'app:1', 'app:2'],
  ['DEL', 'p:1', 'q:1'],
  ['SET', 'w:1', 'v'],
  ['SET', 'w:1', 'v', 'GET'],
  ['SET', 'w:1', 'v', 'EX', '100'],
  ['GET', 'w:1'],
  ['APPEND', 'w:1', 'x'],
  ['INCR', 'w:n'],
  ['STRLEN', 'w:1'],
  ['EXISTS', 'w:1', 'w:2'],
  ['GETDEL', 'rw:1'],
  ['COPY', 'rw:1', 'w:2'],
  ['RENAME', 'w:1', 'rw:9'],
  ['BITFIELD', 'w:b', 'GET', 'u8', '0'],
  ['BITFIELD', 'rw:b', 'SET', 'u8', '0', '1'],
  ['SORT', 'app:l', 'BY', 'w_*'],
  ['SORT', 'app:l', 'GET', '#'],
  ['SORT', 'app:l', 'BY', 'nosort'],
  ['SORT', 'app:l', 'STORE', 'other'],
  ['ZUNIONSTORE', 'app:z', '2', 'app:a', 'ref:a'],
  ['ZUNIONSTORE', 'app:z', '2', 'app:a', 'zzz'],
  ['XREAD', 'STREAMS', 'app:s', '0'],
  ['XREAD', 'STREAMS', 'other', '0'],
  ['XADD', 'ref:s', '1-1', 'a', 'b'],
  ['OBJECT', 'ENCODING', 'other'],
  ['PUBLISH', 'app:c', 'm'],
  ['PUBLISH', 'other', 'm'],
  ['FLUSHALL'],
  ['KEYS', '*'],
  ['CONFIG', 'GET', 'nothing-is-called-so'],
  ['CONFIG', 'SET', 'a', 'b'],
  ['SELECT', '0'],
  ['PING'],
  ['get'],
  ['GET', 'a', 'b'],
  ['nope', 'x'],
  ['OBJECT', 'nope'],
  ['ACL', 'WHOAMI'],
  ['ACL', 'USERS'],
  ['ACL', 'LIST'],
  ['ACL', 'GETUSER', 'app'],
  ['ACL', 'GETUSER', 'nobody'],
  ['ACL', 'CAT'],
  ['ACL', 'CAT', 'nope'],
  ['ACL', 'DRYRUN', 'app', 'GET', 'zzz'],
  ['ACL', 'DRYRUN', 'nobody', 'GET', 'zzz'],
  ['ACL', 'DRYRUN', 'app', 'nope'],
  ['ACL', 'DRYRUN', 'app', 'GET'],
  ['ACL', 'GENPASS', '0'],
  ['ACL', 'GENPASS', 'x'],
  ['ACL', 'LOG', 'x'],
  ['ACL', 'LOG', '1', '2'],
  ['ACL', 'CAT', 'read', 'write'],
  ['ACL', 'GENPASS', '8', '9'],
  ['MULTI'],
  ['GET', 'app:1'],
  ['GET', 'zzz'],
  ['EXEC'],
  ['MULTI'],
  ['SET', 'app:1', 'v'],
  ['EXEC'],
  ['AUTH', 'app', 'wrong'],
  ['AUTH', 'nobody', 'pw'],
  ['AUTH', 'off', 'pw'],
  ['AUTH', 'pw'],
  ['AUTH', 'a', 'b', 'c'],
  ['HELLO', '2', 'AUTH', 'app', 'wrong'],
  ['AUTH', 'writer', 'pw'],
  ['ACL', 'WHOAMI'],
  ['RESET'],
  ['ACL', 'WHOAMI'],
];

/** Redis lists single commands in the order of a hash table, and calls some later ones unknown. */
function comparable(reply: Buffer): string {
  const words = reply.toString('latin1').split(/[ \r\n()]+/);
  const shown = words.filter(
    (word) => !/^[$*]\d+$/.test(word) && !LATER.has(word.replace(/^[+-]/, '')),
  );
  return shown.sort().join(' ');
}

let ruled: RealServer;
let plain: RealServer;
before(async () => {
  [ruled, plain] = await Promise.all([startRedis(), startRedis()]);
  const admin = await RespClient.open(ruled.port);
  for (const user of USERS) {
    const [name, ...rules] = user.split(' ');
    const split = rules.join(' ').match(/\([^)]*\)|\S+/g) ?? [];
    if (name === 'default') continue;
    assert.equal(await admin.command('ACL', 'SETUSER', name, 'resetchannels', ...split), 'OK');
  }
  const [, ...rules] = USERS[0].split(' ');
  assert.equal(
    await admin.command('ACL', 'SETUSER', 'default', 'resetkeys', 'resetchannels', ...rules),
    'OK',
  );
  await admin.close();
});
after(async () => {
  await Promise.all([ruled.stop(), plain.stop()]);
});

async function ask(port: number, user: string, requests: string[][]): Promise<Buffer[]> {
  const client = await RespClient.open(port);
  if (user !== 'default') assert.equal(await client.command('AUTH', user, 'pw'), 'OK');
  const replies: Buffer[] = [];
  for (const words of requests) {
    await client.send(encodeRequest(...words));
    replies.push(await client.readRaw(1));
  }
  client.close();
  return replies;
}

for (const variant of VARIANTS) {
  describe(`users of ringway and of Redis (${variant.label})`, () => {
    let ringway: TestRingway;
    before(async () => {
      const pool = {
        servers: shards([plain.port]),
        users: USERS,
        allow_flush: true,
      };
      ringway = await startInProcess(pool, variant);
    });
    after(() => ringway.stop());

    for (const user of ['default', 'app', 'writer', 'parts', 'glob']) {
      test(`${user} is told the same`, async () => {
        for (const { port } of [ruled, plain]) await flush(port);
        const [theirs, own] = await Promise.all(
          [ruled.port, ringway.port].map((port) => ask(port, user, REQUESTS)),
        );
        const listed = /^(ACL|KEYS)/;
        for (const [i, words] of REQUESTS.entries()) {
          const [a, b] = [theirs[i], own[i]];
          const name = `${i}: ${words.join(' ')}`;
          if (DIFFERS.has(words.join(' ')) && !/^-NOPERM/.test(String(a))) continue;
          if (listed.test(words[0])) assert.equal(comparable(b), comparable(a), name);
          else assert.equal(String(b), String(a), name);
        }
      });
    }

    test('random requests are refused in the same words, or not at all', async () => {
      const random = new RandomRules(7);
      const requests: string[][] = [];
      while (requests.length < 200) {
        const words = random.request();
        if (!NOT_EXECUTED.test(words[0]) && !words.includes('STORE')) requests.push(words);
      }
      for (const { port } of [ruled, plain]) await flush(port);
      const [theirs, own] = await Promise.all(
        [ruled.port, ringway.port].map((port) => ask(port, 'glob', requests)),
      );
      let refused = 0;
      for (const [i, words] of requests.entries()) {
        const [a, b] = [String(theirs[i]), String(own[i])];
        if (!/^-NOPERM/.test(a + b) && !/^-NOPERM/.test(b)) continue;
        assert.equal(b, a, words.join(' '));
        refused++;
      }
      assert.ok(refused > 40 && refused < 195, `${refused} were refused`);
    });
  });
}

/** What ringway says otherwise when it is allowed: it has its own configuration. */
const DIFFERS = new Set(['FLUSHALL', 'CONFIG SET a b', 'ACL USERS', 'AUTH pw']);

async function flush(port: number): Promise<void> {
  const admin = await RespClient.open(port);
  if (port === ruled.port) await admin.command('AUTH', 'root', 'pw');
  assert.equal(await admin.command('FLUSHALL'), 'OK');
  admin.close();
}

async function enter(port: number, user: string): Promise<RespClient> {
  const client = await RespClient.open(port);
  assert.equal(await client.command('AUTH', user, 'pw'), 'OK');
  return client;
}

const NO_KEY = 'NOPERM this user has no permissions to access one of the keys used as arguments';

describe('requests of users with key rules', () => {
  let servers: RealServer[];
  before(async () => {
    servers = await startRedisSet(3);
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  for (const variant of VARIANTS) {
    test(`are looked at in whatever shape they come (${variant.label})`, async () => {
      const ringway = await startInProcess(
        {
          servers: shards(servers.map(({ port }) => port)),
          users: USERS,
          max_assembled_request: 2 ** 20,
        },
        variant,
      );
      const client = await enter(ringway.port, 'app');
      const refused = async (...words: (string | Buffer)[]): Promise<void> => {
        assert.equal(
          String(await client.command(...words)),
          `ReplyError: ${NO_KEY}`,
          String(words[0]),
        );
      };
      const large = Buffer.alloc(3_000_000, 'x');
      // Streamed, assembled, in one piece, as a line.
      assert.equal(await client.command('SET', 'app:large', large), 'OK');
      assert.equal(((await client.command('GET', 'app:large')) as Buffer).length, large.length);
      assert.match(
        String(await client.command('SET', 'other', large)),
        /max_assembled_request|NOPERM/,
      );
      assert.equal(await client.command('SET', 'app:m', large.subarray(0, 60_000)), 'OK');
      await refused('SET', 'other', large.subarray(0, 60_000));
      await client.send('SET app:line 1\r\nSET other 1\r\nGET "app:line"\r\n');
      assert.deepEqual((await client.read(3)).map(String), ['OK', `ReplyError: ${NO_KEY}`, '1']);
      // More words than a table has, the last of them forbidden.
      const keys = Array.from({ length: 30_000 }, (_, i) => `app:${i}`);
      assert.equal(((await client.command('MGET', ...keys)) as unknown[]).length, keys.length);
      await refused('MGET', ...keys, 'other');
      await refused('EXISTS', 'other', ...keys);
      assert.equal(await client.command('EXISTS', 'app:line', 'app:m'), 2);
      // A pipeline of both, split at every byte.
      const bytes = Buffer.concat([
        encodeRequest('SET', 'app:1', 'v'),
        encodeRequest('GET', 'other'),
        encodeRequest('GET', 'app:1'),
      ]);
      for (let at = 1; at < bytes.length; at += 3) {
        await client.send(bytes.subarray(0, at));
        await client.send(bytes.subarray(at));
        assert.deepEqual((await client.read(3)).map(String), ['OK', `ReplyError: ${NO_KEY}`, 'v']);
      }
      client.close();
      await ringway.stop();
    });
  }
});

describe('a reload of users', () => {
  test('gives new rules at once, closes those whose user or channels are gone', async () => {
    const pool = (users: readonly string[]) => ({ servers: shards([plain.port]), users });
    const ringway = await startInProcess(pool(USERS));
    const [app, gone, hears, queued, open] = await Promise.all([
      enter(ringway.port, 'app'),
      enter(ringway.port, 'glob'),
      enter(ringway.port, 'parts'),
      enter(ringway.port, 'app'),
      RespClient.open(ringway.port),
    ]);
    for (const client of [gone, hears]) client.socket.on('error', () => {});
    assert.equal(await open.command('SET', 'any', '1'), 'OK');
    await hears.command('SUBSCRIBE', 'q');
    await queued.command('MULTI');
    await queued.command('SET', 'app:1', 'v');
    const next = [
      'default off',
      'app off ~new:* +@all',
      'parts on >pw resetkeys +@all',
      'writer on >pw ~* +@all',
    ];
    const file = await poolFile([{ listen: `127.0.0.1:${ringway.port}`, ...pool(next) }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(file.text), 'test.yml'));
    await waitFor('clients to be closed', () => gone.ended && hears.ended);
    // Who is logged in stays so, though nobody can log in as it any more.
    assert.equal(await app.command('SET', 'new:1', 'v'), 'OK');
    assert.equal(String(await app.command('SET', 'app:1', 'v')), `ReplyError: ${NO_KEY}`);
    assert.match(String(await queued.command('EXEC')), /EXECABORT .* ACLs rules changed/);
    assert.match(String(await open.command('GET', 'any')), /NOAUTH Authentication required\./);
    assert.match(String(await open.command('AUTH', 'app', 'pw')), /WRONGPASS/);
    assert.equal(await open.command('AUTH', 'writer', 'pw'), 'OK');
    for (const client of [app, queued, open]) client.close();
    await ringway.stop();
  });

  test('under pipelined load nobody hears a wrong answer', async () => {
    const both = ['a on >pw ~x:* +get +set +auth', 'default off'];
    const more = ['a on >pw ~x:* ~y:* +get +set +auth', 'default off'];
    const pool = (users: readonly string[]) => ({ servers: shards([plain.port]), users });
    const ringway = await startInProcess(pool(both));
    const configs = await Promise.all(
      [more, both].map((users) =>
        poolFile([{ listen: `127.0.0.1:${ringway.port}`, ...pool(users) }]),
      ),
    );
    const clients = await Promise.all(Array.from({ length: 8 }, () => enter(ringway.port, 'a')));
    let running = true;
    let asked = 0;
    const load = clients.map(async (client, n) => {
      await client.command('SET', `x:${n}`, `v${n}`);
      while (running) {
        const requests = Array.from({ length: 32 }, () => ['GET', `x:${n}`]);
        for (const reply of await client.pipeline(requests)) assert.equal(String(reply), `v${n}`);
        asked += requests.length;
      }
    });
    for (let i = 0; i < 10; i++) {
      const text = Buffer.from(configs[i % 2].text);
      await ringway.ringway.reload(parseConfig(text, 'test.yml'));
      await delay(20);
    }
    running = false;
    await Promise.all(load);
    assert.ok(asked > 500, `${asked} requests`);
    for (const client of clients) client.close();
    await ringway.stop();
  });
});

test('nothing of a password is in the log, and the page says that there are users', async () => {
  const ringway = await startInProcess({
    servers: shards([plain.port]),
    users: ['a on >geheim ~* +@all', 'default off'],
  });
  const client = await RespClient.open(ringway.port);
  await client.command('AUTH', 'a', 'geheimer');
  assert.equal(await client.command('AUTH', 'a', 'geheim'), 'OK');
  client.close();
  assert.doesNotMatch(ringway.log.join('\n'), /geheim|[0-9a-f]{64}/);
  await ringway.stop();
});

test('users in a file are those of a list', async () => {
  const ringway = await startInProcess({ servers: shards([plain.port]), users: USERS });
  const folder = plain.dir;
  writeFileSync(join(folder, 'users.acl'), USERS.map((user) => `user ${user}\n`).join(''));
  const file = await poolFile([
    {
      listen: `127.0.0.1:${ringway.port}`,
      servers: shards([plain.port]),
      users_file: 'users.acl',
    },
  ]);
  await ringway.ringway.reload(parseConfig(Buffer.from(file.text), join(folder, 'test.yml')));
  const client = await enter(ringway.port, 'app');
  assert.equal(String(await client.command('GET', 'other')), `ReplyError: ${NO_KEY}`);
  client.close();
  await ringway.stop();
});
