import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import fc from 'fast-check';
import { BULK_OUTPUT_LIMIT, BULK_STALL_MS } from '../../../../src/limits.ts';
import { FAILURE_EOF, FAILURE_TIMEOUT, failureOf } from '../../../../src/proxy/backend/failure.ts';
import {
  LargeRequest,
  type LargeRequester,
} from '../../../../src/proxy/client/input/large-request.ts';
import type { Server } from '../../../../src/proxy/pool/server.ts';
import { FORWARD_ERROR, REQUESTS_TOO_LARGE } from '../../../../src/stats/counters.ts';
import { assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import {
  type BulkConnection,
  LargeSetting,
  LIMIT,
  TOO_LARGE,
} from '../../../support/large-requests.ts';
import { testEngine } from '../../../support/test-engine.ts';

const ENGINE = testEngine();

let clock = 0;
beforeEach(() => {
  clock = 1_000_000;
  mock.method(performance, 'now', () => clock);
  ENGINE.readClock();
});
afterEach(() => {
  mock.restoreAll();
  ENGINE.deadlines.stop();
});

describe('a large request', () => {
  test('is assembled up to the limit', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const large = at.request(10);
    at.take(large, 'a'.repeat(40_000));
    large.expect(LIMIT - 40_000, at.server, 0);
    at.take(large, 'b'.repeat(60_000));
    assert.equal(large.bufferedBytes, LIMIT);
    assert.equal(large.finish()?.toString(), 'a'.repeat(40_000) + 'b'.repeat(60_000));
    assert.equal(at.opened.length, 0);
    at.end(fresh);
  });

  test('beyond that, without a server, it is dropped with one error', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const large = at.request();
    at.take(large, 'abc');
    large.expect(LIMIT, null, 0);
    at.take(large, 'd'.repeat(50_000));
    assert.deepEqual([large.bufferedBytes, large.mustWait, large.head], [0, false, null]);
    assert.equal(large.finish(), null);
    assert.equal(at.client.received(), TOO_LARGE.toString());
    assert.equal(at.counters[REQUESTS_TOO_LARGE], 1);
    at.end(fresh);
  });

  test('it waits for the replies before it, then for a lease, then goes through it', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const before = at.client.claims.begin();
    const large = at.request();
    at.take(large, 'head,');
    large.expect(LIMIT, at.server, 0);
    assert.deepEqual([large.mustWait, at.opened.length], [true, 0]);
    at.client.takeReply(before, Buffer.from('+1\r\n'));
    large.tryStart();
    assert.deepEqual([large.mustWait, large.isStreaming, at.opened.length], [false, true, 1]);
    at.take(large, 'body');
    at.bulk.out.flush();
    assert.equal(at.bulk.socket.take().toString(), 'head,body');
    assert.equal(large.finish(), null);
    assert.deepEqual([at.bulk.complete, at.bulk.holder], [1, null]);
    at.bulk.answer(Buffer.from('+OK\r\n'));
    assert.equal(at.client.received(), '+1\r\n+OK\r\n');
    at.end(fresh);
  });

  test('a server that is left alone is not connected to for it: one error, and no place is held', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    Object.assign(at.server, { leftAlone: true });
    const large = at.request();
    at.take(large, 'head,');
    large.expect(LIMIT, at.server, 0);
    assert.deepEqual([at.opened.length, large.mustWait, large.isStreaming], [0, false, false]);
    at.take(large, 'body');
    assert.equal(large.finish(), null);
    assert.equal(at.client.received(), '-ERR Connection refused\r\n');
    assert.equal(at.counters[FORWARD_ERROR], 1);
    at.end(fresh);
  });

  test('a server that answers before the body is whole: that reply stands, the rest is dropped', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const large = at.request();
    large.expect(LIMIT + 1, at.server, 0);
    at.bulk.answer(Buffer.from('-ERR no\r\n'));
    large.checkEarlyReply();
    assert.ok(at.bulk.closed && !large.isStreaming);
    at.take(large, 'more');
    assert.equal(large.finish(), null);
    assert.equal(at.client.received(), '-ERR no\r\n');
    at.end(fresh);
  });

  test('so does one that answers just before the last of it: its connection serves nobody else', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const large = at.request();
    large.expect(LIMIT + 1, at.server, 0);
    at.bulk.answer(Buffer.from('-ERR no\r\n'));
    at.take(large, 'the rest');
    assert.equal(large.finish(), null);
    assert.deepEqual([at.bulk.closed, at.bulk.complete], [true, 0]);
    assert.equal(at.client.received(), '-ERR no\r\n');
    at.end(fresh);
  });

  test('a server that stands still with much to take is given up; one that moves is not', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const large = at.request();
    large.expect(LIMIT + 1, at.server, 0);
    for (let i = 0; i < 20; i++) at.take(large, 'x'.repeat(60_000));
    assert.ok(large.mustWait && at.bulk.out.pendingBytes > BULK_OUTPUT_LIMIT);
    assert.equal(large.nextDeadline(), clock + at.timeoutMs);
    clock += at.timeoutMs;
    large.onDeadline();
    at.take(large, 'x');
    clock += at.timeoutMs;
    large.onDeadline();
    assert.ok(!at.bulk.closed, 'its queue has changed');
    clock += at.timeoutMs;
    large.onDeadline();
    assert.deepEqual([at.bulk.closed, at.bulk.failed], [true, failureOf(FAILURE_TIMEOUT)]);
    assert.equal(at.client.closed, false);
    at.take(large, 'the rest');
    assert.equal(large.finish(), null);
    assert.equal(at.client.received(), '-ERR Connection timed out\r\n');
    at.end(fresh);
  });

  test('a client whose body stands still is closed, and half a request stays nowhere', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const large = at.request();
    large.expect(LIMIT + 1, at.server, 0);
    at.take(large, 'x');
    assert.equal(large.nextDeadline(), clock + BULK_STALL_MS);
    large.onDeadline();
    assert.match(at.client.destroyed, /stands still/);
    large.drop();
    assert.ok(at.bulk.closed);
    assert.equal(large.nextDeadline(), 0);
    at.end(fresh);
  });

  test('a login that is lost while it waits: an error, and its place in the queue is free', () => {
    const fresh = holdingsOf(ENGINE);
    const at = new LargeSetting(ENGINE);
    const first = at.request();
    first.expect(LIMIT + 1, at.server, 0);
    const other = new LargeSetting(ENGINE, 0);
    const waiting = new LargeRequest(ENGINE, { ...other.requester } as LargeRequester, 10);
    waiting.expect(LIMIT + 1, at.server, 0);
    waiting.refuse(Buffer.from('-NOAUTH\r\n'));
    first.drop();
    assert.equal(waiting.finish(), null);
    assert.equal(other.client.received(), '-NOAUTH\r\n');
    other.client.close();
    at.end(fresh);
  });

  const step = fc.record({
    kind: fc.constantFrom(
      'begin',
      'begin',
      'take',
      'take',
      'take',
      'finish',
      'finish',
      'answer',
      'fail',
      'drain',
      'early',
      'drop',
      'redirect',
    ),
    pick: fc.nat({ max: 99 }),
    size: fc.constantFrom(1, 1000, 60_000),
  });

  test('random requests of several clients through few connections: each body whole or never', async () => {
    const programs = fc.array(step, { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(programs, fc.integer({ min: 1, max: 2 }), async (program, limit) => {
        const fresh = holdingsOf(ENGINE);
        const run = new Several(limit);
        for (const { kind, pick, size } of program) {
          run.do(kind, pick, size);
          await new Promise((resolve) => setImmediate(resolve));
          run.check();
        }
        run.end();
        assertAtRest(
          ENGINE,
          fresh,
          [],
          run.settings.map(({ client }) => client),
        );
      }),
      { numRuns: 100, seed: 83 },
    );
  });
});

/** Clients with one large request each, which share the connections of one server. */
class Several {
  readonly settings: LargeSetting[];
  readonly #server: Server;
  readonly #home: LargeSetting;
  readonly #limit: number;
  readonly #large: (LargeRequest | null)[] = [null, null, null];
  readonly #bodies: string[] = ['', '', ''];
  readonly #whole: Set<string> = new Set();
  readonly #got: Map<BulkConnection, string> = new Map();
  #number = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#home = new LargeSetting(ENGINE, limit);
    this.#server = this.#home.server;
    this.settings = [this.#home, new LargeSetting(ENGINE), new LargeSetting(ENGINE)];
  }

  #open(): BulkConnection[] {
    return this.#home.opened.filter(({ closed }) => !closed);
  }

  do(kind: string, pick: number, size: number): void {
    const at = pick % 3;
    const setting = this.settings[at];
    const large = this.#large[at];
    const bulk = this.#open()[pick % Math.max(1, this.#open().length)];
    if (setting.client.closed) return;
    if (kind === 'begin' && large === null) {
      const begun = setting.request();
      this.#bodies[at] = `[${++this.#number}:`;
      setting.take(begun, this.#bodies[at]);
      begun.expect(LIMIT, this.#server, 0);
      this.#large[at] = begun;
    } else if (kind === 'drain' && bulk !== undefined) {
      bulk.out.flush();
      this.#got.set(bulk, (this.#got.get(bulk) ?? '') + bulk.socket.take().toString('latin1'));
      bulk.holder?.onWritable();
    } else if (kind === 'answer' && bulk !== undefined) {
      bulk.answer(Buffer.from('+OK\r\n'));
    } else if (kind === 'fail' && bulk !== undefined) {
      bulk.fail(failureOf(FAILURE_EOF));
    }
    if (large === null) return;
    large.tryStart();
    if (kind === 'take' && !large.mustWait) {
      const text = 'x'.repeat(size);
      setting.take(large, text);
      this.#bodies[at] += text;
    } else if (kind === 'finish' && !large.mustWait) {
      setting.take(large, ']');
      this.#whole.add(`${this.#bodies[at]}]`);
      assert.equal(large.finish(), null);
      this.#large[at] = null;
    } else if (kind === 'early') {
      large.checkEarlyReply();
    } else if (kind === 'redirect') {
      large.redirect(this.#server);
    } else if (kind === 'drop') {
      setting.client.closed = false;
      large.drop();
      setting.client.close();
      this.#large[at] = null;
    }
  }

  check(): void {
    assert.ok(this.#open().length <= this.#limit);
    const holders = this.#open().map(({ holder }) => holder);
    const streaming = this.#large.filter((large) => large?.isStreaming && !large.mustWait);
    for (const holder of holders) {
      if (holder !== null) assert.ok(streaming.length > 0 || this.#large.includes(holder as never));
    }
  }

  end(): void {
    this.settings.forEach(({ client }, at) => {
      this.#large[at]?.drop();
      client.close();
    });
    for (const bulk of this.#home.opened) {
      bulk.out.flush();
      const got = (this.#got.get(bulk) ?? '') + bulk.socket.take().toString('latin1');
      // Each body but the last on a connection is whole: the next never ends up within it.
      const bodies = got.split(/(?=\[\d+:)/).slice(0, -1);
      for (const body of bodies) assert.ok(this.#whole.has(body), 'half a body is never followed');
      bulk.close();
      bulk.answer(Buffer.from('+late\r\n'));
    }
    assert.ok(this.#home.leases.isEmptyOf(this.#home.server));
  }
}
