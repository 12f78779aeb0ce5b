import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { repliesOf } from '../../differential/raw-replies.ts';
import { Random } from '../../fuzz/random.ts';
import { type RealServer, startRedis } from '../../support/real-servers.ts';
import { encodeRequest } from '../../support/resp-client.ts';
import { Keyspace } from './keyspace.ts';
import { type Context, type Session, upper } from './redis/command.ts';
import { callOf, execute } from './redis/execute.ts';
import { Channels, nothingHeard } from './redis/pubsub.ts';
import { BUMP, COUNT_ARGUMENTS, PUT, ScriptCache, shaOf } from './redis/scripts.ts';

// Several clients of one server publish, subscribe, and call scripts: all of them hear from the
// simulated Redis what they hear from a real one, frame by frame.

const CLIENTS = 3;

/** One step: who asks what. */
interface Step {
  readonly client: number;
  readonly words: readonly string[];
}

/** Frames that each client has heard after a step. */
type Heard = readonly (readonly string[])[];

class Model {
  readonly #sessions: Session[];
  #heard: string[][] = [];
  readonly #shared: Pick<Context, 'data' | 'channels' | 'scripts'> = {
    data: new Keyspace(() => Date.now()),
    channels: new Channels(),
    scripts: new ScriptCache(),
  };

  constructor(resps: readonly number[]) {
    this.#sessions = resps.map((resp, i) => ({
      id: i,
      db: 0,
      resp,
      authenticated: true,
      name: '',
      queue: null,
      failed: false,
      watched: new Map(),
      closing: false,
      heard: nothingHeard(),
      push: (bytes) => this.#hear(i, bytes),
    }));
  }

  #hear(client: number, bytes: Buffer): void {
    this.#heard[client].push(...repliesOf(bytes));
  }

  take({ client, words }: Step): Heard {
    this.#heard = this.#sessions.map(() => []);
    const about = { password: null, version: '7.0.15', now: Date.now() };
    const context: Context = {
      ...{ ...this.#shared, ...about, session: this.#sessions[client] },
      call: (asked) => callOf(context, asked),
    };
    const reply = execute(
      context,
      words.map((word) => Buffer.from(word, 'latin1')),
    );
    this.#hear(client, reply);
    return this.#heard;
  }
}

/** A connection to a real server. */
class Real {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #mark = '';
  #done: (frames: string[]) => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', (error) => this.#failed(error));
    this.#socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      const frames = repliesOf(this.#bytes);
      if (!frames.at(-1)?.includes(this.#mark)) return;
      this.#bytes = Buffer.alloc(0);
      this.#done(frames.slice(0, -1));
    });
  }

  send(words: readonly string[]): void {
    this.#socket.write(encodeRequest(...words));
  }

  /** Frames that have come before the answer to a PING. */
  until(mark: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#mark = mark;
      this.#failed = reject;
      this.send(['PING', mark]);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

const NAMES = ['m1', 'm2', 'm12', 'm*', '*2', 'm1*', 's'];
const SCRIPTS = [BUMP, PUT, COUNT_ARGUMENTS];
const VERBS = [
  ...['SUBSCRIBE', 'SUBSCRIBE', 'PSUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'PUBLISH', 'PUBLISH'],
  ...['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE', 'SPUBLISH', 'PING', 'GET', 'RESET'],
];
const NUMBERS = ['1', '1', '1', '1', '0', '2', '-1', 'x', '9'];

function step(random: Random): Step {
  const client = random.below(CLIENTS);
  const name = () => random.pick(NAMES);
  if (random.once(3)) return { client, words: scripted(random) };
  const verb = random.pick(VERBS);
  if (verb === 'PING' || verb === 'RESET') return { client, words: [verb] };
  if (verb === 'GET') return { client, words: ['GET', 'k1'] };
  if (verb.endsWith('PUBLISH'))
    return { client, words: [verb, name(), `message ${random.bits()}`] };
  const count = verb.includes('UN') ? random.below(3) : 1 + random.below(2);
  return { client, words: [verb, ...Array.from({ length: count }, name)] };
}

function scripted(random: Random): string[] {
  const text = random.pick(SCRIPTS);
  const key = random.pick(['k1', 'k2', 'n']);
  const rest = [random.pick(NUMBERS), key, random.pick(['1', '77', 'word'])];
  if (random.once(6)) return ['SCRIPT', 'LOAD', text];
  if (random.once(12)) return ['SCRIPT', 'EXISTS', shaOf(text), 'nonsuch', shaOf(BUMP)];
  if (random.once(20)) return ['SCRIPT', 'FLUSH'];
  if (random.once(10)) return ['SET', key, random.pick(['5', 'word'])];
  if (random.once(20)) return ['EVALSHA', 'nonsuch', ...rest];
  const call = random.once(2) ? ['EVAL', text] : ['EVALSHA', shaOf(text)];
  const isWhole = text === COUNT_ARGUMENTS || ['1'].includes(rest[0]) || !/^[02]$/.test(rest[0]);
  return [...call, isWhole ? rest[0] : '1', ...rest.slice(1)];
}

/** Names that one command unsubscribes from come in no order, with the counts of theirs. */
function unordered(frames: readonly string[], { words }: Step): string[] {
  // So do patterns that one message meets.
  if (words[0] === 'PUBLISH') return [...frames].sort();
  const isAll = /UNSUBSCRIBE$/.test(words[0]) && words.length === 1;
  if (!isAll) return [...frames];
  const names = frames.map((frame) => frame.replace(/:\d+\r\n$/, '')).sort();
  return [...names, ...frames.map((frame) => /:\d+\r\n$/.exec(frame)?.[0] ?? '')];
}

describe('the simulated Redis, with several clients', () => {
  let server: RealServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server.stop());

  for (const resps of [
    [2, 2, 2],
    [3, 3, 3],
    [2, 3, 3],
  ]) {
    test(`publishes, subscribes and calls scripts: RESP${resps.join(', RESP')}`, async () => {
      const random = new Random(resps.join('').length * 1000 + resps[0] * 10 + resps[1]);
      const clients = resps.map(() => new Real(server.port));
      try {
        clients[0].send(['FLUSHALL']);
        clients[0].send(['SCRIPT', 'FLUSH']);
        resps.forEach((resp, i) => {
          clients[i].send(['HELLO', String(resp)]);
        });
        await Promise.all(clients.map((client, i) => client.until(`begin ${i}`)));
        const model = new Model(resps);
        for (let i = 0; i < 600; i++) {
          const each = step(random);
          if (upper(Buffer.from(each.words[0])) === 'RESET' && resps.includes(3)) continue;
          clients[each.client].send(each.words);
          const own = await clients[each.client].until(`own ${i}.`);
          const expected = [];
          for (const [at, client] of clients.entries()) {
            expected.push(at === each.client ? own : await client.until(`mark ${i}.`));
          }
          const heard = model.take(each);
          assert.deepEqual(
            heard.map((frames) => unordered(frames, each)),
            expected.map((frames) => unordered(frames, each)),
            `step ${i}, client ${each.client}: ${each.words.join(' ')}`,
          );
        }
      } finally {
        for (const client of clients) client.close();
      }
    });
  }
});
