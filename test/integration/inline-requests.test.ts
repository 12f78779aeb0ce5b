import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, ReplyError, RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';

// An inline request is one more way to write a request: the same limits, the same gates.

const PASSWORD = 'pw';
const WORDS = 1000;
const BULK = 1024;
/** What the command table of the codec holds of a request. */
const TABLE_WORDS = 24_576;
const filler = (count: number, word = 'x') => new Array<string>(count).fill(word).join(' ');
/** `text` and so many words more that there are `count`. */
const padded = (text: string, count: number, word?: string) =>
  `${text} ${filler(count - text.split(' ').length, word)}\r\n`;
const SECRET = `EVAL "return redis.call('get','secret')" 0`;
/** A quoted script counts as one word. */
const eval_ = (count: number) => `${SECRET} ${filler(count - 3)}\r\n`;

/** Commands that must never reach a connection that clients share. */
const NEVER: readonly [line: string, name: string][] = [
  [padded('CONFIG SET maxmemory 100mb', WORDS + 1), 'config|set'],
  [padded('DEBUG SLEEP 0', WORDS + 1), 'debug'],
  [padded('SUBSCRIBE', WORDS + 1), 'subscribe'],
  [padded('BLPOP', WORDS + 1, '0'), 'blpop'],
  [padded('HELLO 3', WORDS + 1), 'hello'],
  [eval_(WORDS + 1), 'eval'],
];

for (const variant of VARIANTS) {
  describe(`inline requests beyond limits, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let server: RealServer;
  let ringway: TestRingway;
  let direct: RespClient;
  let neighbour: RespClient;

  before(async () => {
    server = await startRedis({ args: ['--requirepass', PASSWORD] });
    const limits = { redis_auth: PASSWORD, max_arguments: WORDS, max_bulk: BULK };
    ringway = await startInProcess({ servers: shards([server.port]), ...limits }, variant);
    direct = await RespClient.open(server.port);
    await direct.text('AUTH', PASSWORD);
    await direct.text('SET', 'secret', 'the secret');
    neighbour = await loggedIn();
  });
  after(async () => {
    neighbour?.close();
    direct?.close();
    await ringway?.stop();
    await server?.stop();
  });

  async function loggedIn(): Promise<RespClient> {
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.command('AUTH', PASSWORD), 'OK');
    return client;
  }

  /** Whether the server has been asked for a command. */
  async function wasAsked(name: string): Promise<boolean> {
    const stats = String(await direct.command('INFO', 'commandstats'));
    return stats.includes(`cmdstat_${name}:`);
  }

  /** Sends it, behind a request that leaves records of its own. @returns all that comes */
  async function refused(client: RespClient, line: string): Promise<string> {
    await direct.text('CONFIG', 'RESETSTAT');
    await client.send(`${encodeRequest('MGET', 'a', 'b')}${line}`);
    const [mget, reply] = await client.read(2);
    if (Array.isArray(mget)) assert.deepEqual(mget, [null, null]);
    else assert.match(String(mget), /NOAUTH/);
    assert.ok(reply instanceof ReplyError, String(reply));
    return reply.message;
  }

  test('nobody who is not logged in has anything run', async () => {
    for (const line of [eval_(WORDS + 1), eval_(WORDS), eval_(10)]) {
      const client = await RespClient.open(ringway.port);
      const reply = await refused(client, line);
      assert.match(reply, /^(NOAUTH |ERR Protocol error: invalid multibulk length$)/);
      assert.equal(await wasAsked('eval'), false);
      client.close();
    }
  });

  for (const [line, name] of NEVER) {
    test(`${name} with ${WORDS + 1} words is malformed, as it is when it is not inline`, async () => {
      const client = await loggedIn();
      assert.equal(await refused(client, line), 'ERR Protocol error: invalid multibulk length');
      assert.equal((await client.readToEnd()).length, 0);
      assert.equal(await wasAsked(name), false);
      client.close();
      const other = await loggedIn();
      const words = line.trim().split(' ');
      await other.send(encodeRequest(...words));
      assert.match(String(await other.readToEnd()), /^-ERR Protocol error: invalid multibulk len/);
      other.close();
      assert.equal(String(await neighbour.command('GET', 'secret')), 'the secret');
    });
  }

  test('as many words and bytes as the limits allow pass', async () => {
    const client = await loggedIn();
    await client.send(eval_(WORDS));
    assert.equal(String((await client.read(1))[0]), 'the secret');
    await client.send(`ECHO ${'x'.repeat(BULK)}\r\n`);
    assert.equal(String((await client.read(1))[0]), 'x'.repeat(BULK));
    await client.send(`ECHO ${'x'.repeat(BULK + 1)}\r\nPING\r\n`);
    const rest = String(await client.readToEnd());
    assert.equal(rest, '-ERR Protocol error: invalid bulk length\r\n');
    client.close();
  });
}

describe('requests of more words than can be looked into at once', () => {
  let server: RealServer;
  let ringway: TestRingway;
  let client: RespClient;

  before(async () => {
    server = await startRedis();
    ringway = await startInProcess({ servers: shards([server.port]) });
    client = await RespClient.open(ringway.port);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await server?.stop();
  });

  const many = (count: number) => Array.from({ length: count }, (_, i) => `k${i}`);

  for (const head of ['SCAN 0', 'CONFIG GET', 'HELLO 3', 'CLIENT KILL', 'INFO', 'SINTER', 'PING']) {
    test(`${head}: an error, connection kept`, async () => {
      const words = head.split(' ');
      const reply = await client.command(...words, ...many(TABLE_WORDS + 1 - words.length));
      assert.match(String(reply), /^ReplyError: ERR too many arguments$/);
      assert.equal(await client.command('PING'), 'PONG');
    });
  }

  test('as many as can be looked into', async () => {
    assert.deepEqual(await client.command('SINTER', ...many(TABLE_WORDS - 1)), []);
  });

  test('pass where only the first ones matter', async () => {
    const members = many(TABLE_WORDS + 5000);
    await client.send(encodeRequest('CLIENT', 'REPLY', 'OFF'));
    await client.send(encodeRequest('SADD', 'set', ...members));
    await client.send(encodeRequest('CLIENT', 'REPLY', 'ON'));
    assert.deepEqual(await client.read(1), ['OK']);
    assert.equal(await client.command('SCARD', 'set'), members.length);
  });

  test('keys too long behind the first one are named as such', async () => {
    const two = await startRedis();
    const split = await startInProcess({ servers: shards([server.port, two.port]) });
    const other = await RespClient.open(split.port);
    const reply = await other.command('DEL', 'a', 'k'.repeat(32_769));
    assert.match(String(reply), /^ReplyError: ERR key is longer than 32768 bytes$/);
    assert.equal(await other.command('PING'), 'PONG');
    other.close();
    await split.stop();
    await two.stop();
  });
});
