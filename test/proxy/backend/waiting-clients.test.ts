import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { WaitingClients } from '../../../src/proxy/backend/waiting-clients.ts';
import type { ReplyReceiver, ReplySource } from '../../../src/proxy/engine/receiver.ts';
import { Turn } from '../../../src/proxy/engine/turn.ts';
import { TestClient } from '../../support/test-client.ts';
import { testEngine } from '../../support/test-engine.ts';

/** A connection that has much to take. */
class Source implements ReplySource {
  readonly closed = false;
  readonly full = true;
  readonly waiting: WaitingClients;

  constructor(turn: Turn) {
    this.waiting = new WaitingClients(this, turn);
  }

  owes(): boolean {
    return false;
  }

  isFor(): boolean {
    return false;
  }

  resume(): void {}

  onException(error: unknown): void {
    throw error;
  }

  stopWaiting(client: ReplyReceiver): void {
    this.waiting.forget(client);
  }
}

const turnEnds = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('clients that wait for a connection', () => {
  test('each goes on once when it takes more', async () => {
    const engine = testEngine();
    const source = new Source(engine.turn);
    const clients = [new TestClient(engine), new TestClient(engine)];
    for (const client of [...clients, ...clients]) source.waiting.add(client);
    assert.deepEqual([source.waiting.count, clients[0].waitsFor], [2, source]);
    source.waiting.wake();
    await turnEnds();
    assert.deepEqual(
      clients.map(({ flushed, waitsFor }) => [flushed, waitsFor]),
      [
        [1, null],
        [1, null],
      ],
    );
    for (const client of clients) client.close();
  });

  test('one that goes is kept no longer, however long the connection takes nothing', () => {
    const engine = testEngine();
    const source = new Source(engine.turn);
    for (let i = 0; i < 1000; i++) {
      const client = new TestClient(engine);
      source.waiting.add(client);
      client.close();
    }
    assert.equal(source.waiting.count, 0);
  });

  test('one that is sent from here to there waits in one place', () => {
    const engine = testEngine();
    const stuck = new Source(engine.turn);
    const busy = new Source(engine.turn);
    const client = new TestClient(engine);
    for (let i = 0; i < 1000; i++) {
      stuck.waiting.add(client);
      busy.waiting.add(client);
      busy.waiting.wake();
      stuck.waiting.add(client);
    }
    assert.deepEqual([stuck.waiting.count, busy.waiting.count], [1, 0]);
    client.close();
  });

  test('random waits, wakes and ends, against a model', async () => {
    const step = fc.record({
      kind: fc.constantFrom('wait', 'wait', 'wait', 'wake', 'close', 'turn'),
      client: fc.nat({ max: 5 }),
      source: fc.nat({ max: 2 }),
    });
    const engine = testEngine();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (program) => {
        const turn = new Turn();
        const sources = [0, 1, 2].map(() => new Source(turn));
        const clients = Array.from({ length: 6 }, () => new TestClient(engine));
        const waits = new Map<TestClient, Source>();
        const woken = new Set<TestClient>();
        const check = (): void => {
          for (const source of sources) {
            const count = [...waits.values()].filter((each) => each === source).length;
            assert.equal(source.waiting.count, count);
          }
          for (const client of clients) {
            assert.equal(client.waitsFor, waits.get(client) ?? null);
          }
        };
        for (const { kind, client: at, source: of } of program) {
          const client = clients[at];
          const source = sources[of];
          if (kind === 'wait' && !client.closed) {
            source.waiting.add(client);
            waits.set(client, source);
          } else if (kind === 'wake') {
            source.waiting.wake();
            for (const [each, where] of waits) if (where === source) woken.add(each);
            for (const each of woken) if (waits.get(each) === source) waits.delete(each);
          } else if (kind === 'close') {
            client.close();
            waits.delete(client);
          } else if (kind === 'turn') {
            await turnEnds();
            for (const each of clients) {
              assert.equal(each.flushed, woken.has(each) ? 1 : 0);
              each.flushed = 0;
            }
            woken.clear();
          }
          check();
        }
        for (const client of clients) client.close();
        for (const source of sources) assert.equal(source.waiting.count, 0);
        await turnEnds();
      }),
      { numRuns: 150, seed: 61 },
    );
  });
});
