import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import fc from 'fast-check';
import {
  FRAME_TABLE,
  RECORD_DEST,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_START,
} from '../../../src/protocol/frame-table.ts';
import type { Router } from '../../../src/proxy/client/router.ts';
import { type Engine, RING_BASE } from '../../../src/proxy/engine/engine.ts';
import { Lanes } from '../../../src/proxy/pool/lanes.ts';
import { RetriedRead } from '../../../src/proxy/routing/retried-read.ts';
import { FORWARD_ERROR, READS_RETRIED } from '../../../src/stats/counters.ts';
import { assertAnswered, assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { TestBackend } from '../../support/test-backend.ts';
import { engineCodecs, testEngine } from '../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../support/test-pool.ts';

const REQUEST = '*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n';
const LOST = '-ERR lost\r\n';
const REPLY = '$5\r\nvalue\r\n';
const LARGE = `$100000\r\n${'x'.repeat(100_000)}\r\n`;
/** Longer than any pause before a read is sent again. */
const A_WHILE = 60_000;

/**
 * What becomes of one attempt: a reply, whole or in pieces; the connection is lost before it, or in
 * the middle of it; there is none.
 */
type Attempt = 'whole' | 'error' | 'pieces' | 'lost' | 'cut' | 'down';

/** A pool with one server, to which a connection can be had again when it was lost. */
class RetryPool extends TestPool {
  readonly lanes: Lanes = new Lanes(0, () => true);
  readonly health = { due: 0, readmit(): void {} };

  constructor(engine: Engine, retryReads: number) {
    super(engine, 1, { retryReads });
  }

  get backend(): TestBackend {
    return this.backends[0];
  }

  renew(): void {
    this.backends[0] = new TestBackend(this.engine, this.backend.owner);
  }
}

function readOf(engine: Engine, client: PoolClient): RetriedRead {
  const { memory, words } = engine;
  const record = FRAME_TABLE / 4;
  memory.write(REQUEST, RING_BASE, 'latin1');
  words[record + RECORD_START] = RING_BASE;
  words[record + RECORD_LENGTH] = REQUEST.length;
  words[record + RECORD_KEY] = RING_BASE + REQUEST.indexOf('key');
  words[record + RECORD_KEY_LENGTH] = 3;
  words[record + RECORD_DEST] = 0;
  return new RetriedRead(client.router as unknown as Router, client.asConnection, record);
}

/** Answers or loses the read; the next attempt finds the server there, or not. */
function attempt(pool: RetryPool, kind: Attempt, next: Attempt | undefined): void {
  const { backend } = pool;
  assert.equal(backend.takeSent().toString(), REQUEST);
  if (kind === 'whole') backend.say(Buffer.from(REPLY));
  else if (kind === 'error') backend.say(Buffer.from('-WRONGTYPE no\r\n'));
  else {
    const pieces = [LARGE.slice(0, 60_000), LARGE.slice(60_000)];
    if (kind !== 'lost') backend.say(Buffer.from(pieces[0]));
    if (kind === 'pieces') {
      backend.say(Buffer.from(pieces[1]));
      return;
    }
    if (next !== 'down') pool.down.clear();
    else pool.down.add(0);
    backend.lose(Buffer.from(LOST));
    pool.renew();
    mock.timers.tick(A_WHILE);
  }
}

for (const { label, codec } of engineCodecs()) {
  describe(`a read that may be sent again, ${label}`, () => {
    const engine = testEngine(undefined, 0, codec);

    test('random ends of its attempts: one answer, and everything is given back', () => {
      const kinds = fc.constantFrom<Attempt[]>(
        ...(['whole', 'error', 'pieces', 'lost', 'lost', 'lost', 'cut', 'down'] as const),
      );
      const program = fc.record({
        attempts: fc.array(kinds, { minLength: 1, maxLength: 5 }),
        retries: fc.integer({ min: 1, max: 3 }),
        closesAt: fc.option(fc.nat({ max: 4 }), { freq: 3 }),
      });
      mock.timers.enable({ apis: ['setTimeout'] });
      try {
        fc.assert(
          fc.property(program, ({ attempts, retries, closesAt }) => {
            const fresh = holdingsOf(engine);
            const pool = new RetryPool(engine, retries);
            const client = new PoolClient(engine, pool);
            readOf(engine, client).send(pool.backend.asConnection);
            let left = retries;
            let expected = '';
            for (let i = 0; expected === ''; i++) {
              if (i === closesAt) client.close();
              const kind = attempts[i] ?? 'lost';
              if (kind === 'down' && i > 0) {
                // No connection to send it to: each try takes one, until none is left.
                expected = LOST;
                left = 0;
                break;
              }
              const next = attempts[i + 1];
              attempt(pool, kind === 'down' ? 'lost' : kind, next);
              if (kind === 'whole') expected = REPLY;
              else if (kind === 'error') expected = '-WRONGTYPE no\r\n';
              else if (kind === 'pieces') expected = LARGE;
              else if (kind === 'cut' || client.closed) expected = 'closed';
              else if (left-- === 0) expected = LOST;
            }
            mock.timers.tick(A_WHILE);
            mock.timers.tick(A_WHILE);
            mock.timers.tick(A_WHILE);
            if (expected === 'closed') assert.ok(client.closed);
            if (!client.closed) {
              assert.equal(client.received(), expected);
              assertAnswered(client);
              assert.equal(pool.counters[FORWARD_ERROR], expected === LOST ? 1 : 0);
              const retried = retries - Math.max(0, left);
              assert.equal(pool.counters[READS_RETRIED], expected === LOST ? retries : retried);
            }
            client.close();
            pool.backend.lose(Buffer.from(LOST));
            assertAtRest(engine, fresh, [], [client]);
          }),
          { numRuns: 200, seed: 141 },
        );
      } finally {
        mock.timers.reset();
      }
    });
  });
}
