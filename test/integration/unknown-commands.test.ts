import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { raw } from '../support/raw-exchange.ts';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { type Reply, type ReplyError, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';

// `unknown_commands: ask`. Commands that no table has are made by renaming those of real servers.

const RENAMED = 'GET MGET ZUNIONSTORE EVAL FLUSHALL MULTI WATCH SELECT BLPOP CONFIG SCRIPT'.split(
  ' ',
);
const RENAME = RENAMED.flatMap((name) => ['--rename-command', name, `X.${name}`]);

function messageOf(reply: Reply): string {
  return (reply as ReplyError).message;
}

/** How often a server was asked `COMMAND <subcommand>`. */
async function asked(server: RealServer, subcommand: string): Promise<number> {
  const client = await RespClient.open(server.port);
  const stats = String(await client.text('INFO', 'commandstats'));
  client.close();
  return Number(new RegExp(`cmdstat_command\\|${subcommand}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

async function total(servers: readonly RealServer[], subcommand: string): Promise<number> {
  const counts = await Promise.all(servers.map((server) => asked(server, subcommand)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function through(
  servers: readonly RealServer[],
  use: (client: RespClient, ringway: TestRingway) => Promise<void>,
): Promise<void> {
  const lines = shards(servers.map(({ port }) => port));
  const ringway = await startInProcess({
    servers: lines,
    hash_tag: '{}',
    unknown_commands: 'ask',
  });
  const client = await RespClient.open(ringway.port);
  try {
    await use(client, ringway);
  } finally {
    client.close();
    await ringway.stop();
  }
}

describe('commands that only the servers know', () => {
  let servers: RealServer[];

  before(async () => {
    servers = await startRedisSet(4, { args: RENAME });
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('with keys in fixed places: a server is asked once, then they go by their keys', async () => {
    const before = await total(servers, 'info');
    await through(servers, async (client) => {
      for (let i = 0; i < 40; i++) await client.text('SET', `fixed:${i}`, String(i));
      for (let i = 0; i < 40; i++) {
        assert.equal(await client.text('X.GET', `fixed:${i}`), String(i));
        assert.equal(await client.text('x.get', `fixed:${i}`), String(i));
      }
      assert.equal((await total(servers, 'info')) - before, 1);
      assert.equal(await total(servers, 'getkeys'), 0);
    });
  });

  test('with keys that move: a server is asked for each request', async () => {
    await through(servers, async (client) => {
      for (let i = 0; i < 12; i++) {
        const [from, to] = [`{m${i}}from`, `{m${i}}to`];
        await client.text('ZADD', from, String(i), 'member');
        assert.equal(await client.text('X.ZUNIONSTORE', to, '1', from), 1);
        assert.equal(await client.text('ZSCORE', to, 'member'), String(i));
        const script = "return redis.call('ZSCORE', KEYS[1], ARGV[1])";
        assert.equal(await client.text('X.EVAL', script, '1', to, 'member'), String(i));
      }
      assert.equal(await total(servers, 'getkeys'), 24);
      assert.equal(await client.text('X.EVAL', 'return 7', '0'), 7);
    });
  });

  test('also over RESP3, behind other requests of one write', async () => {
    await through(servers, async (_client, { port }) => {
      const replies = await raw(port, [
        ['HELLO', 3],
        ['ZADD', '{r}a', '1', 'm'],
        ['X.ZUNIONSTORE', '{r}b', '1', '{r}a'],
        ['ZSCORE', '{r}b', 'm'],
        ['X.GET', '{r}none'],
        ['PING'],
      ]);
      assert.deepEqual(replies.slice(1).join(''), ':1\r\n:1\r\n,1\r\n_\r\n+PONG\r\n');
    });
  });

  test('with keys on several servers: an error that names two of them', async () => {
    await through(servers, async (client) => {
      const keys = Array.from({ length: 12 }, (_, i) => `far:${i}`);
      const error = /^CROSSSERVER keys 'far:0' \(shard\d\) and 'far:\d+' \(shard\d\) live on/;
      assert.match(messageOf(await client.command('X.MGET', ...keys)), error);
      assert.match(messageOf(await client.command('X.EVAL', 'return 1', '12', ...keys)), error);
      assert.equal(await client.text('PING'), 'PONG');
    });
  });

  test('malformed: wrong arity at first and later, and what a server says to the rest', async () => {
    await through(servers, async (client) => {
      for (let i = 0; i < 2; i++) {
        assert.match(messageOf(await client.command('X.GET')), /^ERR wrong number of arguments/);
        const few = await client.command('X.ZUNIONSTORE', 'a');
        assert.match(messageOf(few), /^ERR wrong number of arguments/);
        const odd = await client.command('X.ZUNIONSTORE', 'a', 'many', 'b');
        assert.match(messageOf(odd), /^ERR value is not an integer/);
        const short = await client.command('X.ZUNIONSTORE', 'a', '3', 'b');
        assert.match(messageOf(short), /^ERR syntax error/);
      }
    });
  });

  test('unknown to the servers too: the words of Redis, and the connection is kept', async () => {
    await through(servers, async (client) => {
      const replies = await client.pipeline([['NO.SUCH', 'a', 'b'], ['PING'], ['NO.SUCH', 'c']]);
      const error = /^ERR unknown command 'NO.SUCH', with args beginning with: /;
      assert.match(messageOf(replies[0]), error);
      assert.equal(String(replies[1]), 'PONG');
      assert.match(messageOf(replies[2]), error);
    });
  });

  test('that go by a hidden name and are not sent by their keys: refused, nothing is harmed', async () => {
    await through(servers, async (client) => {
      await client.text('SET', 'kept', 'yes');
      const hidden = [
        ['X.FLUSHALL'],
        ['X.MULTI'],
        ['X.WATCH', 'k'],
        ['X.SELECT', '3'],
        ['X.BLPOP', 'k', '0'],
        ['X.CONFIG', 'SET', 'maxmemory', '1'],
        ['X.SCRIPT', 'FLUSH'],
      ];
      for (const words of [...hidden, ...hidden]) {
        const reply = await client.command(...words);
        assert.match(messageOf(reply), /^ERR 'x\.\w+' is not supported by ringway: /, words[0]);
      }
      assert.equal(await client.text('X.GET', 'kept'), 'yes');
      assert.equal(await client.text('SET', 'kept', 'still'), 'OK');
    });
  });

  test('with too many words to find the keys in', async () => {
    await through(servers, async (client) => {
      const members = Array.from({ length: 30_000 }, (_, i) => `{w}${i}`);
      const store = ['X.ZUNIONSTORE', '{w}to', '30000', ...members];
      for (const words of [store, store, ['X.MGET', ...members]]) {
        assert.match(messageOf(await client.command(...words)), /^ERR too many arguments/);
      }
      assert.equal(await client.text('EXISTS', '{w}to'), 0);
    });
  });
});

describe('a server that does not explain its commands', () => {
  test('because it may not: its own words, and the request is sent nowhere', async () => {
    const acl = '--user default on nopass ~* &* +@all -command|getkeys'.split(' ');
    const servers = await startRedisSet(4, { args: [...RENAME, ...acl] });
    await through(servers, async (client) => {
      for (let i = 0; i < 12; i++) {
        const reply = await client.command(
          'X.EVAL',
          "return redis.call('SET', KEYS[1], 1)",
          '1',
          i,
        );
        assert.match(messageOf(reply), /^NOPERM /);
      }
      assert.equal(await client.text('DBSIZE'), 0);
    });
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('because it is down: its failure, and no answer to a guess', async () => {
    const server = await startRedis({ args: RENAME });
    await server.stop();
    await through([server], async (client) => {
      for (let i = 0; i < 15; i++) {
        const reply = await client.command('X.GET', 'k');
        assert.equal(messageOf(reply), 'ERR Connection refused');
      }
      assert.equal(messageOf(await client.command('KEYS', '*')), 'ERR Connection refused');
    });
  });
});
