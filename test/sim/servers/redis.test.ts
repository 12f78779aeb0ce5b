import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { repliesOf } from '../../differential/raw-replies.ts';
import {
  erroneous,
  ordinary,
  type Sample,
  sample,
  wrongArity,
} from '../../differential/requests.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { encodeRequest } from '../../support/resp-client.ts';
import { Keyspace } from './keyspace.ts';
import { BLOCKS, type Context, type Session } from './redis/command.ts';
import { callOf, execute, KNOWN_COMMANDS } from './redis/execute.ts';
import { Channels, nothingHeard } from './redis/pubsub.ts';
import { noArray } from './redis/resp.ts';
import { ScriptCache } from './redis/scripts.ts';

// The simulated Redis answers as a real one, to all that the differential corpora ask of the
// commands that it knows, and to random programs of them.

/** What differs by intention: the model has one section of INFO, and little to say about itself. */
const UNLIKE =
  /^(INFO|HELLO|CLIENT|EVAL|SCRIPT (LOAD|KILL|HELP|DEBUG|NOSUCH)|P?S?(UN)?SUBSCRIBE)\b/i;
/** What these answer is looked at in pubsub.test.ts and scripts.test.ts. */
const ELSEWHERE = /^(P?S?(UN)?SUBSCRIBE|S?PUBLISH|EVAL(SHA)?|SCRIPT|CLIENT)$/;
/** A moment's difference between two servers, in the unit of the reply. */
const APART = 2_000;

class Model {
  readonly #data: Keyspace = new Keyspace(() => Date.now());
  readonly #channels: Channels = new Channels();
  readonly #scripts: ScriptCache = new ScriptCache();
  readonly #session: Session;

  constructor(resp: number) {
    this.#session = {
      id: 1,
      db: 0,
      resp,
      authenticated: true,
      name: '',
      queue: null,
      failed: false,
      watched: new Map(),
      closing: false,
      heard: nothingHeard(),
      push: () => {},
    };
  }

  ask({ words }: Sample): string {
    const context: Context = {
      channels: this.#channels,
      scripts: this.#scripts,
      call: (asked) => callOf(context, asked),
      data: this.#data,
      session: this.#session,
      password: null,
      version: '7.0.15',
      now: Date.now(),
    };
    const given = words.map((word) => Buffer.from(word));
    const reply = execute(context, given);
    return (reply === BLOCKS ? noArray(this.#session.resp) : reply).toString('latin1');
  }
}

function exchange(port: number, resp: 2 | 3, samples: readonly Sample[]): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const requests = samples.map(({ words }) => encodeRequest(...words));
  const begin = [encodeRequest('FLUSHALL'), encodeRequest('HELLO', resp)];
  socket.write(Buffer.concat([...begin, ...requests]));
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const replies = repliesOf(Buffer.concat(chunks));
      if (replies.length < samples.length + begin.length) return;
      socket.destroy();
      resolve(replies.slice(begin.length));
    });
    socket.on('error', reject);
    socket.setTimeout(10_000, () => reject(new Error('the server says nothing')));
  });
}

function isKnown({ words, text }: Sample): boolean {
  return KNOWN_COMMANDS.includes(words[0].toUpperCase()) && !UNLIKE.test(text);
}

function isSame(here: string, there: string, { words }: Sample): boolean {
  if (here === there) return true;
  if (!/^P?TTL$/i.test(words[0])) return false;
  const [a, b] = [here, there].map((reply) => Number(/^:([1-9]\d*)\r\n$/.exec(reply)?.[1]));
  return Math.abs(a - b) <= APART;
}

const KEYS = ['{t}a', '{t}b', '{t}list', '{t}n'];
const key = fc.constantFrom(...KEYS);
const word = fc.constantFrom('', '0', '1', '-1', '7', 'x', 'value', '9223372036854775807', ' 3');
const COMMANDS = KNOWN_COMMANDS.filter(
  (name) =>
    !ELSEWHERE.test(name) &&
    !/^(INFO|HELLO|QUIT|RESET|BLPOP|SELECT|AUTH|EXPIRE|PEXPIRE|P?SETEX|FLUSH.*)$/.test(name),
);
/** Transactions, whole and in parts. */
const transacting = fc
  .constantFrom(
    'MULTI',
    'EXEC',
    'DISCARD',
    'WATCH {t}a',
    'WATCH {t}n {t}b',
    'UNWATCH',
    'GET',
    'nonsuch',
  )
  .map(sample);
const request = fc
  .tuple(fc.constantFrom(...COMMANDS), fc.array(fc.oneof(key, word), { maxLength: 4 }), key)
  .map(([name, rest, first]): Sample => {
    const words = [name, first, ...rest];
    return { text: words.join(' '), words };
  });

describe('the simulated Redis', () => {
  let server: RealServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server.stop());

  async function compare(resp: 2 | 3, samples: readonly Sample[]): Promise<void> {
    const model = new Model(resp);
    const expected = await exchange(server.port, resp, samples);
    const wrong = samples.flatMap((each, i) => {
      const actual = model.ask(each);
      if (isSame(actual, expected[i], each)) return [];
      return [`${each.text}: ${actual} instead of ${expected[i]}`];
    });
    assert.deepEqual(wrong, []);
  }

  for (const resp of [2, 3] as const) {
    test(`RESP${resp}: ordinary requests`, () => compare(resp, ordinary.filter(isKnown)));

    test(`RESP${resp}: erroneous requests`, () => compare(resp, erroneous.filter(isKnown)));

    test(`RESP${resp}: wrong numbers of words, and what it does not know`, () => {
      const unknown = ['NONSUCH', 'nonsuch a b', `NoNsUcH ${'a'.repeat(100)} ${'b'.repeat(100)}`];
      return compare(resp, [...wrongArity.filter(isKnown), ...unknown.map(sample)]);
    });

    test(`RESP${resp}: random transactions`, async () => {
      const words = fc.oneof(transacting, request);
      const programs = fc.array(words, { minLength: 20, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(programs, (samples) => compare(resp, samples)),
        { numRuns: 40 },
      );
    });

    test(`RESP${resp}: random programs`, async () => {
      const programs = fc.array(request, { minLength: 20, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(programs, (samples) => compare(resp, samples)),
        { numRuns: 40 },
      );
    });
  }
});
