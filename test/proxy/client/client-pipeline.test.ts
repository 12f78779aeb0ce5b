import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { COPY_LIMIT } from '../../../src/limits.ts';
import {
  FRAME_TABLE,
  RECORD_BYTES,
  RECORD_LENGTH,
  RECORD_START,
  WINDOW,
} from '../../../src/protocol/frame-table.ts';
import { HeapReply } from '../../../src/proxy/client/stored-reply.ts';
import type { Engine } from '../../../src/proxy/engine/engine.ts';
import type { ReplyStream } from '../../../src/proxy/engine/receiver.ts';
import { NO_SERIES } from '../../../src/stats/latency.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { TestClient } from '../../support/test-client.ts';
import { engineCodecs, testEngine } from '../../support/test-engine.ts';

const RECORD_WORDS = RECORD_BYTES / 4;
const SIZES = [1, 7, 300, 5000, COPY_LIMIT, COPY_LIMIT + 1, 40_000];

interface Step {
  readonly kind:
    | 'open'
    | 'records'
    | 'two'
    | 'deliver'
    | 'object'
    | 'piece'
    | 'flush'
    | 'retract'
    | 'scarce';
  readonly picks: readonly number[];
  readonly size: number;
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step['kind'][]>(
      'open',
      'open',
      'records',
      'records',
      'two',
      'deliver',
      'object',
      'piece',
      'piece',
      'flush',
      'retract',
      'scarce',
    ),
    picks: fc.array(fc.nat({ max: 999 }), { minLength: 1, maxLength: 12 }),
    size: fc.constantFrom(...SIZES),
  }),
  { maxLength: 60 },
);

interface Slot {
  readonly slot: number;
  text: string;
  stream: ReplyStream | null;
  done: boolean;
}

/** One client's pipeline, and a model of it that only knows texts in order. */
class Run {
  readonly engine: Engine;
  readonly client: TestClient;
  readonly #all: Slot[] = [];
  readonly #leased: number[] = [];
  #number = 0;
  #received = '';

  constructor(engine: Engine, firstSlot: number) {
    this.engine = engine;
    this.client = new TestClient(engine);
    this.client.pipeline.head = firstSlot;
    this.client.pipeline.tail = firstSlot;
  }

  #text(size: number): string {
    const text = `<${++this.#number}>`;
    return text.padEnd(size, String.fromCharCode(97 + (this.#number % 26)));
  }

  #pick(number: number, streamed: boolean | null): Slot | undefined {
    const open = this.#all.filter(({ done, stream }) => {
      return !done && (streamed === null || (stream !== null) === streamed);
    });
    return open[number % open.length];
  }

  do({ kind, picks, size }: Step): void {
    const { client, engine } = this;
    const [pick] = picks;
    if (kind === 'open') {
      for (let i = 0; i < pick % 90; i++) {
        const slot = client.claims.begin();
        this.#all.push({ slot, text: '', stream: null, done: false });
      }
    } else if (kind === 'scarce') {
      this.#scarce(pick % 2 === 0);
    } else if (kind === 'flush') {
      this.#received += client.received();
    } else if (kind === 'retract') {
      this.#retract(pick);
    } else if (kind === 'records') {
      this.#records(picks, Math.min(size, COPY_LIMIT - 1));
    } else if (kind === 'piece') {
      const to = this.#pick(pick, pick % 2 === 0 ? true : null);
      if (to !== undefined) this.#piece(to, size, pick % 5 === 0);
    } else {
      const to = this.#pick(pick, false);
      if (to === undefined) return;
      to.text = this.#text(size);
      to.done = true;
      if (kind === 'two') {
        const at = engine.memory.write(to.text, WINDOW, 'latin1');
        const cut = Math.max(0, at - (pick % 6));
        const { slot } = to;
        client.takeTwo(slot, WINDOW, cut, WINDOW + cut, at - cut, NO_SERIES, 0);
        engine.memory.fill(0, WINDOW, WINDOW + at);
      } else if (kind === 'deliver') {
        client.takeReply(to.slot, Buffer.from(to.text));
      } else {
        const reply = Buffer.from(to.text);
        client.claims.settle();
        client.pipeline.hold(reply.length);
        client.pipeline.storeObject(to.slot, new HeapReply(reply));
      }
    }
    this.#check();
  }

  /** Several replies of one chunk, each put in its place when the walk is over. */
  #records(picks: readonly number[], size: number): void {
    const { engine, client } = this;
    const replies: { to: Slot; start: number; length: number }[] = [];
    let at = WINDOW;
    for (const pick of picks) {
      const to = this.#pick(pick, false);
      if (to === undefined || at + size + 20 > WINDOW + 65536) break;
      to.text = this.#text(size);
      to.done = true;
      engine.memory.write(to.text, at, 'latin1');
      replies.push({ to, start: at, length: to.text.length });
      at += to.text.length;
    }
    engine.beginWalk(replies.length);
    replies.forEach(({ start, length }, i) => {
      const record = FRAME_TABLE / 4 + i * RECORD_WORDS;
      engine.words[record + RECORD_START] = start;
      engine.words[record + RECORD_LENGTH] = length;
      engine.words[record + 2] = 0;
    });
    replies.forEach(({ to, start, length }, i) => {
      const record = FRAME_TABLE / 4 + i * RECORD_WORDS;
      client.takeRecord(to.slot, record, start, length, NO_SERIES, 0);
    });
    engine.endWalk();
    engine.memory.fill(0, WINDOW, at);
  }

  #piece(to: Slot, size: number, last: boolean): void {
    const { engine, client } = this;
    const text = this.#text(size);
    const length = engine.memory.write(text, WINDOW, 'latin1');
    to.stream ??= client.openStream(to.slot);
    engine.beginWalk(0);
    to.stream.push(WINDOW, length, last);
    engine.endWalk();
    this.#received += client.socket.take().toString('latin1');
    to.text += text;
    to.done = last;
    if (last) client.endStream();
  }

  /** The newest requests, but not the one that is next, are not under way any more. */
  #retract(pick: number): void {
    const { pipeline, claims } = this.client;
    if (pipeline.outstanding < 2) return;
    const left = this.#all.length - pipeline.outstanding + 1 + (pick % (pipeline.outstanding - 1));
    const gone = this.#all.splice(left);
    for (const { done } of gone) if (!done) claims.settle();
    pipeline.retract(gone[0].slot);
  }

  /** Takes all slabs away, or gives them back. */
  #scarce(on: boolean): void {
    const { slabs } = this.engine;
    for (const slab of this.#leased) slabs.release(slab);
    this.#leased.length = 0;
    if (!on) return;
    for (let slab = slabs.leaseSmall(); slab !== 0; slab = slabs.leaseSmall()) {
      this.#leased.push(slab);
    }
    for (let slab = slabs.leaseLarge(); slab !== 0; slab = slabs.leaseLarge()) {
      this.#leased.push(slab);
    }
  }

  /** Replies up to the first that is not whole are sent, the others' bytes are counted. */
  #check(): void {
    const { pipeline, out } = this.client;
    const whole = this.#all.findIndex(({ done }) => !done);
    const first = whole < 0 ? this.#all.length : whole;
    const sent = this.#all.slice(0, first + 1).reduce((sum, { text }) => sum + text.length, 0);
    const stored = this.#all.slice(first + 1).reduce((sum, { text }) => sum + text.length, 0);
    assert.equal(pipeline.outstanding, this.#all.length - first);
    assert.equal(this.#received.length + out.pendingBytes, sent);
    assert.equal(pipeline.storedBytes, stored);
    assert.equal(pipeline.undeliveredBytes, stored + out.pendingBytes);
  }

  end(): void {
    const { client } = this;
    this.#received += client.received();
    const first = this.#all.findIndex(({ done }) => !done);
    const sent = first < 0 ? this.#all : this.#all.slice(0, first + 1);
    assert.equal(this.#received, sent.map(({ text }) => text).join(''));
    const open = this.#all.filter(({ done }) => !done);
    client.close();
    // What comes after the end goes nowhere.
    for (const { slot, stream } of open) {
      if (stream === null) client.takeReply(slot, Buffer.from('too late'));
      else {
        stream.push(WINDOW, 5, true);
        client.endStream();
      }
    }
    this.#scarce(false);
    assert.equal(client.unclaimed, 1);
  }
}

for (const { label, codec } of engineCodecs()) {
  describe(`a client's pipeline, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);

    test('random programs: every reply once, in order, and everything given back', () => {
      const first = fc.constantFrom(0, 0x7fffffe0, -20);
      fc.assert(
        fc.property(steps, first, (program, firstSlot) => {
          const fresh = holdingsOf(engine);
          const run = new Run(engine, firstSlot);
          for (const step of program) run.do(step);
          run.end();
          assertAtRest(engine, fresh, [], [run.client]);
        }),
        { numRuns: 150, seed: 12 },
      );
    });

    test('hundreds of early replies, then the first: all follow it at once', () => {
      const fresh = holdingsOf(engine);
      const client = new TestClient(engine);
      for (let round = 0; round < 3; round++) {
        const slots = Array.from({ length: 700 }, () => client.claims.begin());
        for (const slot of slots.slice(1).reverse())
          client.takeReply(slot, Buffer.from(`${slot},`));
        assert.equal(client.received(), '');
        client.takeReply(slots[0], Buffer.from(`${slots[0]},`));
        assert.equal(client.received(), slots.map((slot) => `${slot},`).join(''));
        assert.equal(client.pipeline.outstanding, 0);
      }
      client.close();
      assertAtRest(engine, fresh, [], [client]);
    });

    test('more stored replies drain in one walk than the table of copies holds', () => {
      const fresh = holdingsOf(engine);
      const client = new TestClient(engine);
      const { pipeline } = client;
      const slots = Array.from({ length: 4500 }, () => client.claims.begin());
      engine.memory.write('0123456789', WINDOW, 'latin1');
      for (const slot of slots.slice(1)) {
        client.takeTwo(slot, WINDOW + (slot % 10), 1, WINDOW, 0, NO_SERIES, 0);
      }
      const record = FRAME_TABLE / 4;
      engine.words[record + RECORD_START] = WINDOW;
      engine.words[record + RECORD_LENGTH] = 1;
      engine.beginWalk(1);
      client.takeRecord(slots[0], record, WINDOW, 1, NO_SERIES, 0);
      engine.endWalk();
      assert.equal(pipeline.outstanding, 0);
      assert.equal(client.received(), slots.map((slot) => slot % 10).join(''));
      client.close();
      assertAtRest(engine, fresh, [], [client]);
    });
  });
}

test('freeing more than was held is a broken rule', () => {
  const client = new TestClient(testEngine());
  client.pipeline.hold(5);
  assert.throws(() => client.pipeline.free(6), /no more is freed than was held/);
});

test('what is complete behind the head goes out in front of it, once it is answered elsewhere', () => {
  const engine = testEngine();
  const fresh = holdingsOf(engine);
  const client = new TestClient(engine);
  const head = client.claims.claim();
  for (const text of ['a', 'b']) client.claims.claim().store(new HeapReply(Buffer.from(text)));
  client.pipeline.hold(2);
  client.pipeline.passHead();
  client.pipeline.passHead();
  assert.equal(client.pipeline.outstanding, 1);
  assert.ok(head.isNext);
  head.deliver(Buffer.from('c'));
  assert.equal(client.received(), 'abc');
  client.close();
  assertAtRest(engine, fresh, [], [client]);
});

test('what was answered long ago is answered still, wherever places are by then', () => {
  const client = new TestClient(testEngine());
  const { pipeline } = client;
  for (const place of [0, 2 ** 31 - 1, -(2 ** 31), -2]) {
    pipeline.head = place;
    pipeline.tail = place;
    const claim = client.claims.claim();
    assert.ok(!client.isAnswered(place), `${place}`);
    for (const before of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1]) {
      assert.ok(client.isAnswered((place - before) | 0), `${before} before ${place}`);
    }
    claim.deliver(Buffer.from('+OK\r\n'));
    assert.ok(client.isAnswered(place), `${place}`);
  }
  client.close();
});
