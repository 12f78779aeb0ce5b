import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SavedRequest } from '../../../../src/proxy/backend/again/saved-requests.ts';
import { WaitingRequests } from '../../../../src/proxy/pool/slots/waiting-requests.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';
import { NO_SERIES } from '../../../../src/stats/latency.ts';
import { testEngine } from '../../../support/test-engine.ts';

const LANE = { index: 0, db: 0, resp: 2, tracking: false, login: null } as const;
const MINUTE = 60_000;

function requestOf(clientId: number, slot: number): SavedRequest {
  const series = NO_SERIES;
  const head = null;
  const entry = { clientId, slot, target: null, time: 0, arrived: 0, series, bytes: 1, offset: 0 };
  return { entry: { ...entry, head }, bytes: Buffer.from('r') };
}

describe('requests that wait for their slot', () => {
  test('taken back they wait no more, and their client does not wait behind them', () => {
    const engine = testEngine();
    const given: number[] = [];
    const waiting = new WaitingRequests(engine, {
      title: 'pool main',
      pool: { counters: poolCounters() },
      again: ({ request }) => given.push(request.entry.slot),
      giveUp() {},
    });
    const before = engine.budget.used;
    for (const slot of [0, 1, 2]) waiting.add(requestOf(7, slot), LANE, MINUTE, null);
    waiting.add(requestOf(8, 0), LANE, MINUTE, null);
    assert.equal(waiting.disown(7, 1), 2);
    assert.equal(waiting.count, 2);
    assert.ok(waiting.has(7));
    assert.equal(waiting.disown(7, 0), 1);
    assert.ok(!waiting.has(7));
    waiting.hurry();
    assert.deepEqual(given, [0]);
    assert.equal(engine.budget.used, before);
    assert.ok(!engine.connections.has(waiting));
    waiting.close();
  });

  test('behind something of their client that waits elsewhere they stay, and others go', () => {
    const engine = testEngine();
    const given: number[] = [];
    const waiting = new WaitingRequests(engine, {
      title: 'pool main',
      pool: { counters: poolCounters() },
      again: ({ request }) => given.push(request.entry.clientId),
      giveUp() {},
    });
    waiting.hold(7);
    waiting.hold(7);
    assert.ok(waiting.has(7));
    waiting.add(requestOf(7, 0), LANE, 0, null);
    waiting.add(requestOf(8, 0), LANE, 0, null);
    waiting.hurry();
    waiting.onDeadline(MINUTE ** 2);
    assert.deepEqual(given, [8]);
    assert.equal(waiting.nextDeadline(), 0);
    waiting.release(7);
    waiting.hurry();
    assert.deepEqual(given, [8]);
    waiting.release(7);
    assert.notEqual(waiting.nextDeadline(), 0);
    waiting.hurry();
    assert.deepEqual(given, [8, 7]);
    assert.ok(!waiting.has(7));
    waiting.close();
  });

  test('what has waited before something was held goes first', () => {
    const engine = testEngine();
    const given: number[] = [];
    const waiting = new WaitingRequests(engine, {
      title: 'pool main',
      pool: { counters: poolCounters() },
      again: ({ request }) => given.push(request.entry.slot),
      giveUp() {},
    });
    waiting.add(requestOf(7, 0), LANE, MINUTE, null);
    waiting.hold(7);
    waiting.add(requestOf(7, 1), LANE, 0, null);
    assert.ok(waiting.hasFree(7));
    waiting.hurry();
    assert.deepEqual(given, [0]);
    assert.ok(!waiting.hasFree(7));
    waiting.release(7);
    waiting.hurry();
    assert.deepEqual(given, [0, 1]);
    waiting.close();
  });

  test('they are given up with all others when the pool ends, held or not', () => {
    const engine = testEngine();
    const given: number[] = [];
    const waiting = new WaitingRequests(engine, {
      title: 'pool main',
      pool: { counters: poolCounters() },
      again() {},
      giveUp: ({ entry }) => given.push(entry.clientId),
    });
    const before = engine.budget.used;
    waiting.hold(7);
    waiting.add(requestOf(7, 0), LANE, 0, null);
    waiting.add(requestOf(8, 0), LANE, MINUTE, null);
    waiting.close();
    assert.deepEqual(given, [7, 8]);
    assert.equal(engine.budget.used, before);
  });
});
