import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { encodeRequest, ReplyError, RespClient } from '../support/resp-client.ts';
import { type TestRingway, VARIANTS, type Variant } from '../support/ringway.ts';
import { SideBySide } from '../support/side-by-side.ts';

/** What is sent, and what follows `-ERR Protocol error: `. */
const MALFORMED: readonly [name: string, bytes: string, text: RegExp][] = [
  ['a count that is no number', '*x\r\n', /^invalid multibulk length$/],
  ['a count with a leading zero', '*02\r\n', /^invalid multibulk length$/],
  ['a count beyond bounds', '*999999999999\r\n', /^invalid multibulk length$/],
  ['a count line without end', `*${'1'.repeat(100_000)}`, /^too big mbulk count string$/],
  ['no dollar', '*1\r\n:4\r\nPING\r\n', /^expected '\$', got ':'$/],
  ['a length that is no number', '*1\r\n$x\r\nPING\r\n', /^invalid bulk length$/],
  ['a negative length', '*1\r\n$-1\r\n', /^invalid bulk length$/],
  ['a length beyond bounds', '*2\r\n$3\r\nGET\r\n$999999999999\r\n', /^invalid bulk length$/],
  ['a length line without end', `*1\r\n$${'1'.repeat(100_000)}`, /^too big bulk count string$/],
  ['a body longer than its length', '*1\r\n$4\r\nPINGX\r\n', /^expected CRLF after bulk$/],
  ['a length line with a lone CR', '*1\r\n$4\rPING\r\n', /./],
  ['an inline request without end', 'x'.repeat(100_000), /^too big inline request$/],
  ['unbalanced quotes', 'GET "abc\r\n', /^unbalanced quotes in request$/],
];

/** Commands of every kind, with too few or too many words, and what no command understands. */
const REFUSED_BY_REDIS: readonly string[][] = [
  ['GET'],
  ['GET', 'a', 'b'],
  ['SET', 'a'],
  ['SET', 'a', '1', 'NOPE'],
  ['SETEX', 'a', '1'],
  ['INCR'],
  ['EXPIRE', 'a'],
  ['EXPIRE', 'a', 'x'],
  ['MGET'],
  ['MSET', 'a'],
  ['MSET', 'a', '1', 'b'],
  ['DEL'],
  ['UNLINK'],
  ['EXISTS'],
  ['TOUCH'],
  ['HSET', 'h'],
  ['HSET', 'h', 'f'],
  ['HGETALL'],
  ['LPUSH', 'l'],
  ['LRANGE', 'l', '0'],
  ['LRANGE', 'l', 'a', 'b'],
  ['SADD', 's'],
  ['ZADD', 'z', '1'],
  ['ZADD', 'z', 'x', 'm'],
  ['ZRANGE', 'z', '0'],
  ['EVAL', 'return 1'],
  ['EVAL', 'return 1', 'x', 'a'],
  ['EVAL', 'return 1', '5', 'a'],
  ['EVALSHA', 'f'.repeat(40), '1', 'a'],
  ['PING', 'a', 'b'],
  ['ECHO'],
  ['GETRANGE', 'a', '0'],
  ['SETRANGE', 'a', '-1', 'x'],
  ['PFADD'],
  ['GEOADD', 'g', '1', '2'],
  ['BITCOUNT'],
  ['SORT'],
  ['TYPE'],
  ['RENAME', 'a'],
  ['COPY', 'a'],
  ['XADD', 'x', '*', 'f'],
  ['OBJECT', 'ENCODING'],
];

for (const variant of VARIANTS) {
  describe(`malformed and unknown requests, ${variant.label}`, () => suite(variant));
}

function suite(variant: Variant): void {
  let pair: SideBySide;
  let ringway: TestRingway;
  let other: RespClient;
  let direct: RespClient;

  before(async () => {
    pair = await SideBySide.start(variant);
    ({ ringway, client: other, direct } = pair);
    await other.text('SET', 'k', 'v');
  });
  after(() => pair?.stop());

  for (const [name, bytes, text] of MALFORMED) {
    test(`${name}: the replies owed, the error, the end`, async () => {
      const client = await RespClient.open(ringway.port);
      const owed = Array.from({ length: 20 }, () => encodeRequest('GET', 'k'));
      const neighbour = other.pipeline(Array.from({ length: 100 }, () => ['GET', 'k']));
      client.socket.on('error', () => {});
      void client.send(Buffer.concat([...owed, Buffer.from(bytes)])).catch(() => {});
      const replies = await client.read(21);
      for (const reply of replies.slice(0, 20)) assert.equal(String(reply), 'v');
      const error = replies[20];
      assert.ok(error instanceof ReplyError, String(error));
      assert.ok(error.message.startsWith('ERR Protocol error: '), error.message);
      assert.match(error.message.slice('ERR Protocol error: '.length), text);
      assert.equal((await client.readToEnd()).length, 0);
      client.close();
      for (const reply of await neighbour) assert.equal(String(reply), 'v');
    });
  }

  test('inline requests, with quotes and escapes, as Redis takes them', async () => {
    const client = await RespClient.open(ringway.port);
    const lines = [
      'PING',
      'ping',
      'SET inline plain',
      'GET inline',
      '  GET   inline  ',
      'SET inline "two words"',
      'GET inline',
      String.raw`SET "in line" "\x00\xff\n\"q\"\\"`,
      'GET "in line"',
      String.raw`SET inline 'it\'s "q"'`,
      'GET inline',
      'MGET inline "in line" none',
      'SET empty ""',
      'GET empty',
      'DEL inline "in line" empty',
      'GET',
    ];
    for (const line of lines) {
      await client.send(`${line}\r\n`);
      await direct.send(`${line}\n`);
      const [here, there] = [await client.readRaw(1), await direct.readRaw(1)];
      assert.equal(here.toString('latin1'), there.toString('latin1'), line);
    }
    await client.send('\r\n\n   \r\nPING\r\n');
    assert.equal(String(await client.readRaw(1)), '+PONG\r\n');
    client.close();
  });

  for (const words of REFUSED_BY_REDIS) {
    test(`${words.join(' ').slice(0, 40)}: the words of Redis, connection kept`, async () => {
      await direct.send(encodeRequest(...words));
      const expected = String(await direct.readRaw(1));
      await other.send(encodeRequest(...words));
      assert.equal(String(await other.readRaw(1)), expected);
      assert.match(expected, /^-/);
      assert.equal(await other.command('PING'), 'PONG');
    });
  }

  test('unknown and unsupported commands are named, connection kept', async () => {
    const replies = await other.pipeline([
      ['NOSUCH', 'a'],
      ['DEBUG', 'SLEEP', '0'],
      ['SYNC'],
      [`a\r\nb`],
      ['', 'x'],
      ['X'.repeat(300)],
      ['GET', 'k'],
    ]);
    for (const reply of replies.slice(0, 6)) {
      assert.ok(reply instanceof ReplyError);
      assert.match(
        reply.message,
        /^ERR (unknown command '[^\r\n]{0,128}', with args|'(debug|sync)' is not supported by ringway: )/,
      );
    }
    assert.equal(String(replies[6]), 'v');
  });

  test('keys of 32,768 bytes pass, longer ones are refused, connection kept', async () => {
    const longest = 'k'.repeat(32_768);
    assert.equal(await other.command('SET', longest, '1'), 'OK');
    assert.equal(String(await other.command('GET', longest)), '1');
    assert.equal(await other.command('DEL', longest, 'k2'), 1);
    const reply = await other.command('GET', `${longest}k`);
    assert.ok(reply instanceof ReplyError);
    assert.match(reply.message, /^ERR key is longer than 32768 bytes$/);
    for (const words of [
      ['SINTER', 'a', `${longest}k`],
      ['EVAL', 'return 1', '2', 'a', `${longest}k`],
      ['OBJECT', 'ENCODING', `${longest}k`],
      ['MGET', 'a', `${longest}k`],
    ]) {
      const other_ = await other.command(...words);
      assert.equal(String(other_), 'ReplyError: ERR key is longer than 32768 bytes', words[0]);
    }
    assert.equal(await other.command('PING'), 'PONG');
  });
}
