import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SWALLOWED } from '../../../src/proxy/backend/in-flight.ts';
import { SlowReader } from '../../../src/proxy/backend/slow-reader.ts';
import type { Claim } from '../../../src/proxy/client/claims.ts';
import { NO_SERIES } from '../../../src/stats/latency.ts';
import { TestBackend, TestOwner } from '../../support/test-backend.ts';
import { TestClient } from '../../support/test-client.ts';
import { testEngine } from '../../support/test-engine.ts';

class SlowClient extends TestClient {
  override holdsUp(): boolean {
    return true;
  }
}

describe('a connection that stands still for a slow reader', () => {
  const engine = testEngine();
  const backend = new TestBackend(engine, new TestOwner(engine, {}));
  const slow = new SlowClient(engine);
  const [plain, several, other] = [0, 1, 2].map(() => new TestClient(engine));
  const { inFlight } = backend;
  inFlight.push(slow.id, slow.claims.begin(), 1, 0, NO_SERIES, 10);
  inFlight.push(plain.id, plain.claims.begin(), 1, 0, NO_SERIES, 10);
  const claim: Claim = several.claims.claim();
  inFlight.pushTarget({ ...SWALLOWED, claim }, 1);

  test('is overtaken by nobody who waits for it, as it takes nothing new', () => {
    new SlowReader(engine, backend).pauseFor(slow);
    const barriers = [slow, plain, several, other].map((client) => client.barriers);
    assert.deepEqual(barriers, [1, 1, 1, 0]);
  });
});
