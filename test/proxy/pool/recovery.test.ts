import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { AWAIT_RETURN_MS, LOOK_INTERVAL_MS, LOOK_PATIENCE } from '../../../src/limits.ts';
import { AwaitedReturn } from '../../../src/proxy/pool/awaited-return.ts';
import { Breaker } from '../../../src/proxy/pool/breaker.ts';
import { Recovery } from '../../../src/proxy/pool/recovery.ts';
import { TestClient } from '../../support/test-client.ts';
import { testEngine } from '../../support/test-engine.ts';

const AWAY = { looked: false, away: true };
const LOOKED = { looked: true, away: true };

class Question {
  closed = false;
  abandoned = false;

  abandon(): void {
    this.closed = true;
    this.abandoned = true;
  }
}

interface Parts {
  readonly engine: ReturnType<typeof testEngine>;
  readonly breaker: Breaker;
  readonly recovery: Recovery<Question>;
  readonly questions: Question[];
  pass(ms: number): void;
}

/** Lets time pass until the server is asked for the first time. */
function untilAsked(questions: readonly Question[], pass: (ms: number) => void): void {
  for (let ms = 0; questions.length === 0; ms++) {
    assert.ok(ms < 60_000, 'nobody asks');
    pass(1);
  }
}

/** Time passes when a test says so. */
function withTime(context: TestContext, limit: number, maxMs: number): Parts {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = testEngine();
  const breaker = new Breaker(0, 0);
  const questions: Question[] = [];
  const ask = (): Question => {
    const question = new Question();
    questions.push(question);
    return question;
  };
  const recovery = new Recovery(breaker, engine, ask, (error) => {
    throw error;
  });
  recovery.configure(limit, maxMs);
  const pass = (ms: number): void => {
    for (let i = 0; i < ms; i++) {
      now++;
      context.mock.timers.tick(1);
    }
  };
  return { engine, breaker, recovery, questions, pass };
}

function lose(question: Question, { recovery }: Parts): void {
  question.closed = true;
  recovery.onFailure(performance.now(), LOOKED, true);
}

describe('the return of a server', () => {
  test('is looked for at the end of the wait of its breaker, again and again', (context) => {
    const parts = withTime(context, 2, 400);
    const { recovery, questions, pass } = parts;
    recovery.onFailure(performance.now(), AWAY, true);
    pass(500);
    assert.equal(questions.length, 0, 'nothing has tripped: once a second');
    recovery.onFailure(performance.now(), AWAY, true);
    pass(24);
    assert.equal(questions.length, 0);
    for (let looks = 1, longest = 50; looks < 8; looks++, longest = Math.min(400, 2 * longest)) {
      pass(longest + 2);
      assert.equal(questions.length, looks);
      lose(questions[looks - 1], parts);
    }
    recovery.stop();
    pass(2000);
    assert.equal(questions.length, 7);
  });

  test('is looked for once a second without a breaker, and nobody waits', (context) => {
    const parts = withTime(context, 0, 400);
    const { recovery, questions, pass } = parts;
    recovery.onFailure(performance.now(), AWAY, true);
    for (let looks = 1; looks < 4; looks++) {
      pass(LOOK_INTERVAL_MS);
      assert.equal(questions.length, looks);
      assert.ok(!recovery.awaited);
      lose(questions[looks - 1], parts);
    }
    recovery.stop();
  });

  test('a server that has left its pool is not looked for', (context) => {
    const { recovery, questions, pass } = withTime(context, 1, 400);
    recovery.onFailure(performance.now(), AWAY, false);
    pass(2000);
    assert.equal(questions.length, 0);
  });

  test('a wait of a millisecond does not make it ask each millisecond', (context) => {
    const parts = withTime(context, 1, 1);
    parts.recovery.onFailure(performance.now(), AWAY, true);
    for (let i = 0; i < 1000; i++) {
      parts.pass(1);
      const last = parts.questions.at(-1);
      if (last !== undefined && !last.closed) lose(last, parts);
    }
    assert.ok(parts.questions.length > 20 && parts.questions.length <= 100);
    parts.recovery.stop();
  });

  test('a question without an answer is given up for another', (context) => {
    const { recovery, questions, pass } = withTime(context, 1, 100);
    recovery.onFailure(performance.now(), AWAY, true);
    pass(60 + LOOK_INTERVAL_MS * (LOOK_PATIENCE - 1));
    assert.equal(questions.length, 1);
    pass(LOOK_INTERVAL_MS);
    assert.deepEqual([questions.length, questions[0].abandoned], [2, true]);
    recovery.stop();
  });

  test('requests may wait while a look is under way, and for so long at most', (context) => {
    const { engine, recovery, questions, pass } = withTime(context, 1, 100);
    recovery.onFailure(performance.now(), AWAY, true);
    assert.ok(!recovery.awaited, 'nobody has asked yet');
    let waited = 0;
    untilAsked(questions, pass);
    const client = new TestClient(engine);
    recovery.waitFor(client);
    for (; recovery.awaited && waited < 1000; waited++) pass(1);
    assert.ok(Math.abs(waited - AWAIT_RETURN_MS) <= 2, `${waited} ms`);
    assert.ok(client.flushPending && client.waitsFor === null, 'it goes on');
    pass(100);
    assert.ok(!recovery.awaited, 'not again in the same look');
    client.close();
    recovery.stop();
  });

  const ends: [string, (parts: Parts) => void][] = [
    ['an answer', ({ recovery }) => recovery.onAnswer()],
    ['a failure', (parts) => lose(parts.questions[0], parts)],
    ['its leaving the pool', ({ recovery }) => recovery.stop()],
    ['a configuration without a breaker', ({ recovery }) => recovery.configure(0, 100)],
  ];
  for (const [what, end] of ends) {
    test(`${what} ends the waiting of all`, (context) => {
      const parts = withTime(context, 1, 100);
      const { engine, recovery, questions, pass } = parts;
      recovery.onFailure(performance.now(), AWAY, true);
      untilAsked(questions, pass);
      const clients = [new TestClient(engine), new TestClient(engine)];
      for (const client of clients) recovery.waitFor(client);
      assert.ok(recovery.awaited);
      end(parts);
      assert.ok(!recovery.awaited);
      for (const client of clients) assert.ok(client.flushPending && client.waitsFor === null);
      for (const client of clients) client.close();
      recovery.stop();
    });
  }

  test('another connection that is lost meanwhile does not end it', (context) => {
    const { recovery, questions, pass } = withTime(context, 1, 100);
    recovery.onFailure(performance.now(), AWAY, true);
    untilAsked(questions, pass);
    recovery.onFailure(performance.now(), AWAY, true);
    assert.ok(recovery.awaited);
    recovery.stop();
  });

  test('a client that goes while it waits is kept no longer', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const engine = testEngine();
    const awaited = new AwaitedReturn(engine.turn, engine.deadlines, () => {});
    awaited.begin(performance.now());
    const client = new TestClient(engine);
    awaited.waitFor(client);
    assert.equal(awaited.count, 1);
    client.close();
    assert.equal(awaited.count, 0);
    awaited.end();
  });
});
