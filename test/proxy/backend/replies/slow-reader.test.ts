import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SLOW_READER_GRACE_MS, STEADY_READER_BYTES } from '../../../../src/limits.ts';
import { SlowReader } from '../../../../src/proxy/backend/replies/slow-reader.ts';
import { NO_SERIES } from '../../../../src/stats/latency.ts';
import { TestBackend, TestOwner } from '../../../support/test-backend.ts';
import { TestClient } from '../../../support/test-client.ts';
import { testEngine } from '../../../support/test-engine.ts';

class SlowClient extends TestClient {
  override holdsUp(): boolean {
    return true;
  }
}

describe('a connection whose reader is slow, with others behind it', () => {
  const engine = testEngine();
  const backend = new TestBackend(engine, new TestOwner(engine, {}));
  const reader = new SlowClient(engine);
  const other = new TestClient(engine);
  const { inFlight } = backend;
  inFlight.push(reader.id, reader.claims.begin(), 1, 0, NO_SERIES, 10);
  inFlight.push(other.id, other.claims.begin(), 1, 0, NO_SERIES, 10);
  const slowReader = new SlowReader(engine, backend);

  test('waits for it as long as it takes its reply steadily', () => {
    slowReader.pauseFor(reader);
    for (let second = 1; second <= 20; second++) {
      reader.takenBytes += STEADY_READER_BYTES;
      slowReader.drop(engine.now + second * SLOW_READER_GRACE_MS);
      assert.equal(reader.destroyed, '');
    }
  });

  test('and closes it when it takes less', () => {
    reader.takenBytes += STEADY_READER_BYTES - 1;
    slowReader.drop(engine.now + 21 * SLOW_READER_GRACE_MS);
    assert.match(reader.destroyed, /does not read a large reply/);
  });
});

describe('a connection with a large reply under way', () => {
  const engine = testEngine();
  const owner = new TestOwner(engine, {}, { clientOutputLimit: 4_000 });
  const backend = new TestBackend(engine, owner);
  const client = new TestClient(engine);
  backend.inFlight.push(client.id, client.claims.begin(), 1, 0, NO_SERIES, 10);
  const slowReader = new SlowReader(engine, backend);

  test('gives way to what is asked from now on, once', () => {
    owner.hasRoom = true;
    for (const length of [600, 300, 100]) slowReader.onPiece(length, false);
    assert.equal(owner.retired, 0);
    for (const length of [1, 1_000, 5_000]) slowReader.onPiece(length, false);
    slowReader.onPiece(1, true);
    assert.equal(owner.retired, 1);
  });

  test('not when it is complete soon, nor where there may be no other', () => {
    slowReader.onPiece(900, false);
    slowReader.onPiece(900, true);
    owner.hasRoom = false;
    slowReader.onPiece(5_000, false);
    assert.equal(owner.retired, 1);
  });
});

describe('a connection that stands still for a slow reader', () => {
  test('takes nothing new: who waits for it goes on over another one', () => {
    const engine = testEngine();
    const owner = new TestOwner(engine, {});
    const backend = new TestBackend(engine, owner);
    const slow = new SlowClient(engine);
    backend.inFlight.push(slow.id, slow.claims.begin(), 1, 0, NO_SERIES, 10);
    new SlowReader(engine, backend).pauseFor(slow);
    assert.equal(owner.retired, 1);
  });
});
