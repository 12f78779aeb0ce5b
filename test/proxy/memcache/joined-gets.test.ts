import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  FLAG_FIRST,
  FLAG_LAST,
  FRAME_TABLE,
  RECORD_BYTES,
  RECORD_LENGTH,
  RECORD_START,
  WINDOW,
  WINDOW_BYTES,
} from '../../../src/protocol/frame-table.ts';
import type { ReplyTarget } from '../../../src/proxy/backend/in-flight.ts';
import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { JoinedGets } from '../../../src/proxy/memcache/joined-gets.ts';
import { MemcacheProtocol } from '../../../src/proxy/memcache/protocol.ts';
import { assertAnswered, assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { TestBackend, TestOwner } from '../../support/test-backend.ts';
import { TestClient } from '../../support/test-client.ts';
import { engineCodecs, testEngine } from '../../support/test-engine.ts';
import { TestPool } from '../../support/test-pool.ts';

const LOST = Buffer.from('SERVER_ERROR lost\r\n');
const KEYS = ['a', 'ab', 'b', 'missing', 'END', 'VALUE', 'k'.repeat(250), 'large', 'huge'];

/** What the server has: data that looks like the protocol, and some that is large. */
function itemOf(key: string, size: number): string {
  if (key === 'missing') return '';
  const data = key === 'huge' ? 'h'.repeat(size) : `VALUE ${key} 0 3\r\nEND\r\n`;
  return `VALUE ${key} 7 ${data.length}\r\n${data}\r\n`;
}

function itemsOf(keys: readonly string[], size: number): string {
  return keys.map((key) => itemOf(key, size)).join('');
}

type Manner = 'good' | 'order' | 'error' | 'foreign' | 'text' | 'many';

/** What the server says to a line. */
function replyTo(keys: readonly string[], size: number, manner: Manner): string {
  if (manner === 'error') return 'SERVER_ERROR out of memory\r\n';
  if (manner === 'text') return 'STORED\r\n';
  if (manner === 'foreign') return `${itemsOf([...keys, 'other'], size)}END\r\n`;
  if (manner === 'many') return `${itemsOf([...keys, keys[0]], size)}${itemOf('a', 1)}END\r\n`;
  return `${itemsOf(manner === 'order' ? [...keys].reverse() : keys, size)}END\r\n`;
}

interface Step {
  readonly kind: 'get' | 'gets' | 'target' | 'flush' | 'say' | 'lose' | 'close';
  readonly keys: readonly string[];
  readonly pick: number;
}

const kinds: readonly Step['kind'][] = [
  'get',
  'get',
  'get',
  'gets',
  'target',
  'flush',
  'say',
  'say',
];
const steps = fc.array(
  fc.record({
    kind: fc.oneof(
      { arbitrary: fc.constantFrom(...kinds), weight: 60 },
      { arbitrary: fc.constantFrom<Step['kind'][]>('lose', 'close'), weight: 1 },
    ),
    keys: fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 8 }),
    pick: fc.nat({ max: 99_999 }),
  }),
  { maxLength: 60 },
);

/** What somebody has asked for, and was told so far. */
interface Asked {
  readonly keys: readonly string[];
  text: string;
  done: boolean;
  failed: boolean;
}

/** Gets of some clients to one server that plays memcached. */
class Run {
  readonly clients: TestClient[];
  readonly owner: TestOwner;
  readonly backend: TestBackend;
  readonly gets: JoinedGets;
  readonly #engine: Engine;
  readonly #size: number;
  readonly #manner: (line: number) => Manner;
  readonly #pool: TestPool;
  /** Of each client, in order. */
  readonly #plain: Asked[][];
  readonly #targets: Asked[] = [];
  /** Keys of the requests that are not written. */
  readonly #asked: (readonly string[])[] = [];
  /** Bytes that the server has got without a line end, and has to say. */
  #unread = '';
  #unsaid = '';
  #lines = 0;
  /** Lines. */
  written = 0;
  sent = 0;

  constructor(engine: Engine, size: number, manner: (line: number) => Manner) {
    this.#engine = engine;
    this.#size = size;
    this.#manner = manner;
    const { codec } = engine;
    this.#pool = new TestPool(engine, 1, {});
    const memcache = new MemcacheProtocol(codec);
    const protocol = {
      scanReplies: memcache.scanReplies.bind(memcache),
      failure: memcache.failure.bind(memcache),
    };
    this.owner = new TestOwner(engine, protocol, { joinGets: true });
    this.backend = new TestBackend(engine, this.owner);
    this.gets = new JoinedGets(engine, this.backend.asConnection);
    this.backend.joiner = this.gets;
    this.clients = [0, 1, 2].map(() => new TestClient(engine));
    this.#plain = this.clients.map(() => []);
  }

  do({ kind, keys, pick }: Step): void {
    if (kind === 'close') this.clients[pick % 3].close();
    if (this.backend.closed) return;
    if (kind === 'get') this.#get(pick % 3, [keys]);
    else if (kind === 'gets')
      this.#get(
        pick % 3,
        keys.map((key) => [key]),
      );
    else if (kind === 'target') this.#target(keys);
    else if (kind === 'flush') this.#flush();
    else if (kind === 'say') this.#say(pick % 4 === 0 ? 1 + (pick % 100) : WINDOW_BYTES);
    else if (kind === 'lose') this.backend.lose(LOST);
  }

  /** One chunk of requests of a client; only those of one key share lines. */
  #get(index: number, requests: readonly (readonly string[])[]): void {
    const client = this.clients[index];
    if (client.closed) return;
    const engine = this.#engine;
    const text = requests.map((keys) => `get ${keys.join(' ')}\r\n`).join('');
    const end = WINDOW + engine.memory.write(text, WINDOW, 'latin1');
    engine.beginChunk();
    engine.loadState(null);
    const { descriptor } = this.#pool;
    const most = requests.length;
    const found = engine.codec.scanMemcacheRequests(WINDOW, end, FRAME_TABLE, most, descriptor);
    assert.equal(found, requests.length);
    engine.beginWalk(found);
    for (let i = 0; i < found; i++) {
      const record = FRAME_TABLE / 4 + i * (RECORD_BYTES / 4);
      const start = engine.words[record + RECORD_START];
      const length = engine.words[record + RECORD_LENGTH];
      this.backend.sendRecord(record, start, length, client.id, client.claims.begin());
      this.#asked.push(requests[i]);
      this.#plain[index].push({ keys: requests[i], text: '', done: false, failed: false });
    }
    engine.endWalk();
    this.sent += found;
    engine.memory.fill(0, WINDOW, end);
  }

  /** A get of several keys that ringway asks for itself. */
  #target(keys: readonly string[]): void {
    const engine = this.#engine;
    const asked: Asked = { keys, text: '', done: false, failed: false };
    const target: ReplyTarget = {
      claim: null,
      distrusts: false,
      awaitsMore: () => false,
      onReply: (start, length, info) => {
        assert.ok(!asked.done, 'nobody is answered twice');
        assert.equal((info & FLAG_FIRST) !== 0, asked.text === '');
        asked.text += engine.memory.toString('latin1', start, start + length);
        if ((info & FLAG_LAST) === 0) return;
        // What is whole comes without its END, which stands in the arena for everybody.
        if (!asked.text.endsWith('END\r\n') && (info & FLAG_FIRST) !== 0) asked.text += 'END\r\n';
        asked.done = true;
      },
      onFailure: () => {
        assert.ok(!asked.done, 'nobody is answered twice');
        asked.done = true;
        asked.failed = true;
      },
    };
    const text = ` ${keys.join(' ')}`;
    const { lines } = this.gets;
    const at = lines.reserve(text.length, 1);
    assert.notEqual(at, 0);
    const head = { bytes: Buffer.from(text), start: 0, length: text.length };
    this.backend.sentFor(target, lines.added, head);
    lines.noteKeys(keys.length);
    engine.memory.write(text, at, 'latin1');
    this.#asked.push(keys);
    this.#targets.push(asked);
    this.sent++;
  }

  #flush(): void {
    const before = this.#unread + this.backend.takeSent().toString('latin1');
    const lines = before.split('\r\n');
    this.#unread = lines.pop() ?? '';
    assert.equal(this.#unread, '', 'only whole lines are sent');
    for (const line of lines) {
      const [get, ...keys] = line.trimEnd().split(' ');
      assert.equal(get, 'get');
      assert.ok(keys.every((key) => KEYS.includes(key)));
      // A line is made of whole requests, in order.
      let requests = 0;
      for (let rest = keys.length; rest > 0; requests++) {
        const own = this.#asked.shift() ?? [];
        const from = keys.length - rest;
        assert.deepEqual(keys.slice(from, from + own.length), own);
        rest -= own.length;
      }
      const manner = requests === 1 ? 'good' : this.#manner(this.#lines++);
      this.#unsaid += replyTo(keys, this.#size, manner);
    }
    this.written += lines.length;
  }

  #say(most: number): void {
    const text = this.#unsaid.slice(0, most);
    if (text === '') return;
    this.#unsaid = this.#unsaid.slice(most);
    if (!this.backend.say(Buffer.from(text, 'latin1'))) this.backend.lose(LOST);
  }

  finish(): void {
    if (!this.backend.closed) this.#flush();
    while (this.#unsaid !== '' && !this.backend.closed) this.#say(WINDOW_BYTES);
  }

  /** Everybody has exactly the items of its keys, or an error. @returns how many have an error */
  check(): number {
    const isFine = (text: string, keys: readonly string[]): boolean => {
      return text === `${itemsOf(keys, this.#size)}END\r\n`;
    };
    let failed = 0;
    this.clients.forEach((client, i) => {
      if (client.closed) return;
      assertAnswered(client);
      let told = client.received();
      for (const { keys } of this.#plain[i]) {
        const items = `${itemsOf(keys, this.#size)}END\r\n`;
        if (told.startsWith(items)) told = told.slice(items.length);
        else {
          assert.match(told, /^(SERVER_ERROR [a-z ]+\r\n|STORED\r\n)/);
          told = told.slice(told.indexOf('\n') + 1);
          failed++;
        }
      }
      assert.equal(told, '');
    });
    for (const { keys, text, done, failed: lost } of this.#targets) {
      assert.ok(done);
      if (lost || !isFine(text, keys)) failed++;
    }
    return failed;
  }

  close(): void {
    this.backend.lose(LOST);
    for (const client of this.clients) client.close();
  }
}

for (const { label, codec } of engineCodecs()) {
  describe(`gets that share lines, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);
    const sizes = fc.constantFrom(0, 1, 3000, 100_000);

    test('random gets and pieces: each has the items of its keys and an END', () => {
      let lines = 0;
      let sent = 0;
      fc.assert(
        fc.property(steps, sizes, (program, size) => {
          const fresh = holdingsOf(engine);
          const run = new Run(engine, size, () => 'good');
          for (const step of program) run.do(step);
          run.finish();
          const mayFail = program.some(({ kind }) => kind === 'lose');
          const failed = run.check();
          if (!mayFail) assert.equal(failed, 0);
          lines += run.written;
          sent += run.sent;
          run.close();
          assertAtRest(engine, fresh, [], run.clients);
        }),
        { numRuns: 150, seed: 51 },
      );
      assert.ok(sent > lines * 1.5, `${sent} gets in ${lines} lines`);
    });

    test('a server that answers badly, now and then: its items or an error, never others', () => {
      const manners = fc.constantFrom<Manner[]>('order', 'error', 'foreign', 'text', 'many');
      const small = fc.constantFrom(0, 1, 3000);
      fc.assert(
        fc.property(steps, small, manners, fc.nat({ max: 5 }), (program, size, manner, from) => {
          const fresh = holdingsOf(engine);
          const run = new Run(engine, size, (line) => (line >= from ? manner : 'good'));
          for (const step of program) if (step.kind !== 'lose') run.do(step);
          run.finish();
          run.check();
          run.close();
          assertAtRest(engine, fresh, [], run.clients);
        }),
        { numRuns: 150, seed: 52 },
      );
    });

    test('a line with another order is put in order, and no line is shared after it', () => {
      const fresh = holdingsOf(engine);
      const run = new Run(engine, 10, () => 'order');
      const get = (keys: string[]): void => run.do({ kind: 'gets', keys, pick: 0 });
      get(['a', 'b', 'missing', 'a', 'END']);
      run.finish();
      assert.deepEqual([run.written, run.check()], [1, 0]);
      assert.match(run.owner.lines[0], /items in another order; from now on each is sent alone/);
      run.close();
      assertAtRest(engine, fresh, [], run.clients);
    });
  });
}
