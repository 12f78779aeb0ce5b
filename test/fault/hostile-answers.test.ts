import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RawClient } from '../memcache/raw-client.ts';
import { type FakeServer, send, startFake } from '../support/fake-server.ts';
import { encodeRequest } from '../support/resp-client.ts';
import { replyEnd } from '../support/resp-end.ts';
import { shards, startInProcess, VARIANTS, type Variant } from '../support/ringway.ts';

// What a server may answer to a request whose reply ringway looks into. The client gets one reply,
// its connection goes on, others notice nothing, and the process lives.

/** Its connection ends behind what there is of it. */
const ENDLESS = '*2147483647\r\n';

const ANSWERS: Readonly<Record<string, string>> = {
  'a status': '+OK\r\n',
  'an empty status': '+\r\n',
  'a number': ':1\r\n',
  'a negative number': ':-1\r\n',
  'a number beyond 64 bits': ':99999999999999999999\r\n',
  'a number of 60 digits': `:${'9'.repeat(60)}\r\n`,
  'no number': ':abc\r\n',
  'two signs': ':--1\r\n',
  'a null bulk': '$-1\r\n',
  'a null array': '*-1\r\n',
  'an empty bulk': '$0\r\n\r\n',
  'a bulk that is no number': '$3\r\nabc\r\n',
  'an empty array': '*0\r\n',
  'an array of wrong types': '*3\r\n+a\r\n:2\r\n*0\r\n',
  'two of wrong types': '*2\r\n:1\r\n:2\r\n',
  'a cursor that is none': '*2\r\n$3\r\n0x1\r\n*0\r\n',
  'a cursor beyond 64 bits': '*2\r\n$20\r\n99999999999999999999\r\n*0\r\n',
  'a null cursor': '*2\r\n$-1\r\n*0\r\n',
  'a cursor with a null': '*2\r\n$1\r\n0\r\n*-1\r\n',
  'nested arrays': '*1\r\n*1\r\n*1\r\n:1\r\n',
  'a null in an array': '*1\r\n$-1\r\n',
  'an error in an array': '*2\r\n-ERR in it\r\n$1\r\na\r\n',
  'an array that never ends': `${ENDLESS}$1\r\na\r\n`,
  'a map': '%1\r\n+a\r\n+b\r\n',
  'a set': '~1\r\n$1\r\na\r\n',
  'an empty set': '~0\r\n',
  'a null': '_\r\n',
  'a null with text': '_abc\r\n',
  'a boolean': '#t\r\n',
  'a boolean that is none': '#maybe\r\n',
  'a double': ',1.5\r\n',
  'not a number': ',nan\r\n',
  'a big number': '(123456789012345678901234567890\r\n',
  'a big number that is small': '(1\r\n',
  'a verbatim string': '=5\r\ntxt:a\r\n',
  'a short verbatim string': '=1\r\na\r\n',
  'a push, then a status': '>2\r\n+a\r\n+b\r\n+OK\r\n',
  'an attribute and a number': '|1\r\n+ttl\r\n:9\r\n:1\r\n',
  'an attribute and no number': '|1\r\n+ttl\r\n:9\r\n+OK\r\n',
  'an attribute and an array': '|1\r\n+ttl\r\n:9\r\n*1\r\n|1\r\n+x\r\n:1\r\n$1\r\na\r\n',
  'an attribute and an error': '|1\r\n+ttl\r\n:9\r\n-ERR attributed\r\n',
  'a bulk error': '!7\r\nERR\r\nno\r\n',
  'an empty error': '-\r\n',
  'a long error': `-ERR ${'x'.repeat(30_000)}\r\n`,
  '-NOAUTH': '-NOAUTH Authentication required.\r\n',
  '-LOADING': '-LOADING Redis is loading the dataset in memory\r\n',
};

/** Enough to have some on each of two servers. */
const KEYS = Array.from({ length: 12 }, (_, i) => `user:${i}`);
const SHA = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db';
/** For commands that ask first: what the server says so that they get to the next question. */
const INFO_MOVABLE = '*1\r\n*6\r\n$3\r\nfoo\r\n:-2\r\n*1\r\n+movablekeys\r\n:0\r\n:0\r\n:0\r\n';

interface Case {
  readonly words: readonly string[];
  /** The request of ringway that is answered wrongly, as upper-case words. */
  readonly asked: string;
  /** Other answers by the beginning of the request. */
  readonly good?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { words: ['DBSIZE'], asked: 'DBSIZE' },
  { words: ['KEYS', '*'], asked: 'KEYS' },
  { words: ['RANDOMKEY'], asked: 'RANDOMKEY' },
  { words: ['SCRIPT', 'EXISTS', SHA, SHA], asked: 'SCRIPT EXISTS' },
  { words: ['SCRIPT', 'LOAD', 'return 1'], asked: 'SCRIPT LOAD' },
  { words: ['SCRIPT', 'KILL'], asked: 'SCRIPT KILL' },
  { words: ['FUNCTION', 'LIST'], asked: 'FUNCTION LIST' },
  { words: ['FLUSHALL'], asked: 'FLUSHALL' },
  { words: ['SCAN', '0'], asked: 'SCAN' },
  { words: ['WAIT', '0', '0'], asked: 'WAIT' },
  { words: ['WAIT', '1', '40'], asked: 'WAIT' },
  { words: ['MGET', ...KEYS], asked: 'MGET' },
  { words: ['MSET', ...KEYS.flatMap((key) => [key, '1'])], asked: 'MSET' },
  { words: ['DEL', ...KEYS], asked: 'DEL' },
  { words: ['EXISTS', ...KEYS], asked: 'EXISTS' },
  { words: ['FOO#', 'a'], asked: 'COMMAND INFO' },
  { words: ['FOO#', 'a'], asked: 'COMMAND GETKEYS', good: { 'COMMAND INFO': INFO_MOVABLE } },
  { words: ['SELECT', '#'], asked: 'PING' },
  { words: ['SELECT', '#'], asked: 'SELECT' },
  { words: ['INFO', 'server'], asked: 'INFO' },
];

const HELLO = '%1\r\n$5\r\nproto\r\n:3\r\n';

function wordsOf(request: Buffer): string[] {
  return request
    .toString('latin1')
    .split('\r\n')
    .filter((_, i) => i > 0 && i % 2 === 0);
}

/** Answers `asked` wrongly and everything else well. */
function script(wrong: { asked: string; answer: string; good: Case['good'] }) {
  return (_: number, request: Buffer) => {
    const words = wordsOf(request);
    const text = words.join(' ').toUpperCase();
    if (wrong.asked !== '' && text.startsWith(wrong.asked)) {
      const { answer } = wrong;
      return answer.startsWith(ENDLESS)
        ? ({ do: 'send-and-end', bytes: Buffer.from(answer) } as const)
        : send(answer);
    }
    for (const [begin, answer] of Object.entries(wrong.good ?? {})) {
      if (text.startsWith(begin)) return send(answer);
    }
    if (text.startsWith('HELLO')) return send(HELLO);
    return send(text.startsWith('GET') ? `$${words[1].length}\r\n${words[1]}\r\n` : '+OK\r\n');
  };
}

async function oneReply(
  client: RawClient,
  words: readonly string[],
  what: string,
): Promise<Buffer> {
  client.send(encodeRequest(...words));
  await client.until((got) => replyEnd(got) >= 0, what);
  const got = client.take();
  assert.equal(replyEnd(got), got.length, `${what}: one reply, not ${JSON.stringify(String(got))}`);
  return got;
}

async function matrix(variant: Variant, resp: '2' | '3', one: Case): Promise<void> {
  const wrong = { asked: '', answer: '', good: one.good };
  const fakes: FakeServer[] = [await startFake(script(wrong)), await startFake(script(wrong))];
  const ringway = await startInProcess(
    {
      servers: shards(fakes.map(({ port }) => port)),
      timeout: 5_000,
      allow_flush: true,
      unknown_commands: 'ask',
    },
    variant,
  );
  const other = await RawClient.open(ringway.port);
  const client = await RawClient.open(ringway.port);
  const clients = [client, other];
  try {
    for (const each of clients) if (resp === '3') await oneReply(each, ['HELLO', '3'], 'HELLO');
    for (const [i, [what, answer]] of Object.entries(ANSWERS).entries()) {
      const name = `${one.words.join(' ')}, ${one.asked}: ${what}`;
      // Nothing that was learnt or granted before: another name, another database.
      const words = one.words.map((word) => word.replace('#', String(i + 1)));
      Object.assign(wrong, { asked: one.asked, answer });
      const got = await oneReply(client, words, name);
      if (resp === '2') assert.match(String(got), /^[-+:$*]/, name);
      assert.ok(got.length < 40_000, name);
      wrong.asked = '';
      assert.equal(String(await oneReply(client, ['PING'], name)), '+PONG\r\n', name);
      assert.equal(String(await oneReply(other, ['GET', 'mine'], name)), '$4\r\nmine\r\n', name);
      assert.equal(client.received.length + other.received.length, 0, name);
    }
  } finally {
    for (const each of clients) each.close();
    await ringway.stop();
    for (const fake of fakes) await fake.stop();
  }
}

for (const variant of VARIANTS.filter(({ reader }) => reader === 'onread')) {
  describe(`answers that do not fit, ${variant.label}`, () => {
    for (const resp of ['2', '3'] as const) {
      for (const one of CASES) {
        test(`RESP${resp}: ${one.words.slice(0, 3).join(' ')}, answer to ${one.asked}`, () =>
          matrix(variant, resp, one));
      }
    }
  });
}
