import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SavedRequest } from '../../../../src/proxy/backend/again/saved-requests.ts';
import type { ReplyTarget } from '../../../../src/proxy/backend/in-flight.ts';
import { millis } from '../../../../src/proxy/engine/clock.ts';
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
      mayGo: () => true,
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

  /** Requests that wait, and those that were sent again or given up since, by client and place. */
  function watched() {
    const engine = testEngine();
    const given: string[] = [];
    /** Places of requests that wait for another one to be answered. */
    const early = new Set<number>();
    const note = ({ entry: { clientId, slot } }: SavedRequest): void => {
      given.push(`${clientId}/${slot}`);
    };
    const waiting = new WaitingRequests(engine, {
      title: 'pool main',
      pool: { counters: poolCounters() },
      mayGo: ({ entry }) => !early.has(entry.slot),
      again: ({ request }) => note(request),
      giveUp: note,
    });
    const add = (client: number, slot: number, ms = 0): void => {
      assert.ok(waiting.add(requestOf(client, slot), LANE, ms, null));
    };
    return { engine, waiting, given, add, early };
  }

  test('behind something of their client that waits elsewhere they stay, and others go', () => {
    const { waiting, given, add } = watched();
    const [first, second] = [{ slot: -2 }, { slot: -1 }];
    waiting.hold(7, first);
    waiting.hold(7, second);
    assert.ok(waiting.has(7));
    add(7, 0);
    add(8, 0);
    waiting.hurry();
    waiting.onDeadline(MINUTE ** 2);
    assert.deepEqual(given, ['8/0']);
    assert.equal(waiting.nextDeadline(), 0);
    waiting.release(7, first);
    waiting.hurry();
    assert.deepEqual(given, ['8/0']);
    waiting.release(7, second);
    assert.notEqual(waiting.nextDeadline(), 0);
    waiting.hurry();
    assert.deepEqual(given, ['8/0', '7/0']);
    assert.ok(!waiting.has(7));
    waiting.close();
  });

  test('what has waited before something was held goes first', () => {
    const { waiting, given, add } = watched();
    const block = { slot: 0 };
    add(7, 0, MINUTE);
    waiting.hold(7, block);
    add(7, 1);
    assert.ok(!waiting.isNext(7, block));
    waiting.hurry();
    assert.deepEqual(given, ['7/0']);
    assert.ok(waiting.isNext(7, block));
    waiting.release(7, block);
    waiting.hurry();
    assert.deepEqual(given, ['7/0', '7/1']);
    waiting.close();
  });

  test('what comes back and was asked before what is held meanwhile goes first', () => {
    const { waiting, given, add } = watched();
    const block = { slot: 1 };
    waiting.hold(7, block);
    add(7, 2);
    add(7, 0);
    assert.ok(!waiting.isNext(7, block));
    waiting.hurry();
    assert.deepEqual(given, ['7/0']);
    assert.ok(waiting.isNext(7, block));
    waiting.release(7, block);
    waiting.hurry();
    assert.deepEqual(given, ['7/0', '7/2']);
    waiting.close();
  });

  test('what waits behind something that is held goes before what is held later', () => {
    const { waiting, given, add } = watched();
    const [first, second] = [{ slot: 0 }, { slot: 2 }];
    waiting.hold(7, first);
    add(7, 1);
    waiting.hold(7, second);
    add(7, 3);
    waiting.release(7, first);
    assert.ok(!waiting.isNext(7, second));
    waiting.hurry();
    assert.deepEqual(given, ['7/1']);
    assert.ok(waiting.isNext(7, second));
    waiting.release(7, second);
    waiting.hurry();
    assert.deepEqual(given, ['7/1', '7/3']);
    waiting.close();
  });

  test('a part of a request that was asked before something that is held goes before that', () => {
    const { waiting, given } = watched();
    const block = { slot: 5 };
    waiting.hold(7, block);
    for (const slot of [6, 4]) {
      const { entry, bytes } = requestOf(-1, slot);
      const target = { claim: { clientId: 7, slot } } as unknown as ReplyTarget;
      waiting.add({ entry: { ...entry, target }, bytes }, LANE, 0, null);
    }
    assert.ok(!waiting.isNext(7, block));
    waiting.hurry();
    assert.deepEqual(given, ['-1/4']);
    assert.ok(waiting.isNext(7, block));
    waiting.release(7, block);
    waiting.hurry();
    assert.deepEqual(given, ['-1/4', '-1/6']);
    waiting.close();
  });

  test('of what is held of one client the oldest is next, however often it is held', () => {
    const { waiting } = watched();
    const [first, second] = [{ slot: 0 }, { slot: 1 }];
    for (const each of [first, second, first]) waiting.hold(7, each);
    assert.deepEqual([waiting.isNext(7, first), waiting.isNext(7, second)], [true, false]);
    waiting.release(7, first);
    assert.deepEqual([waiting.isNext(7, first), waiting.isNext(7, second)], [false, true]);
    waiting.close();
  });

  test('a client that is held keeps its number until it is released', () => {
    const { engine, waiting } = watched();
    const block = { slot: 0 };
    const named = (): number[] => {
      const ids = new Set<number>();
      for (const connection of engine.connections) connection.collectClients(ids);
      return [...ids];
    };
    waiting.hold(7, block);
    assert.deepEqual(named(), [7]);
    waiting.release(7, block);
    assert.ok(!engine.connections.has(waiting));
    assert.deepEqual(named(), []);
  });

  test('they are given up with all others when the pool ends, held or not', () => {
    const { engine, waiting, given, add } = watched();
    const before = engine.budget.used;
    waiting.hold(7, { slot: 0 });
    add(7, 0);
    add(8, 0, MINUTE);
    waiting.close();
    assert.deepEqual(given, ['7/0', '8/0']);
    assert.equal(engine.budget.used, before);
    assert.ok(!engine.connections.has(waiting));
  });

  test('none waits for one of its client that went before its time', () => {
    const { waiting, given, add } = watched();
    const block = { slot: -1 };
    waiting.hold(8, block);
    add(8, 0);
    add(7, 0, MINUTE);
    waiting.hurry();
    assert.deepEqual(given, ['7/0']);
    const now = millis();
    add(7, 1);
    assert.ok(waiting.nextDeadline() < now + MINUTE / 2);
    waiting.close();
  });

  test('one that comes back goes before what its client has asked behind it', () => {
    const { waiting, given, add } = watched();
    add(8, 0, MINUTE / 2);
    for (const slot of [4, 5, 6]) add(7, slot);
    add(7, 3, MINUTE);
    add(7, 2);
    // The first of all is due by itself, the others not before those in front of them.
    waiting.onDeadline(millis() + 1);
    assert.deepEqual(given, ['7/2']);
    assert.ok(waiting.nextDeadline() > millis() + MINUTE / 4);
    waiting.onDeadline(millis() + 3 * (MINUTE / 4));
    assert.deepEqual(given, ['7/2', '8/0']);
    waiting.hurry();
    assert.deepEqual(given, ['7/2', '8/0', '7/3', '7/4', '7/5', '7/6']);
    waiting.close();
  });

  test('one that waits for an answer is asked about again and again, others go meanwhile', () => {
    const { waiting, given, add, early } = watched();
    early.add(1);
    for (const slot of [0, 1, 2]) add(7, slot);
    add(8, 0);
    const now = millis();
    waiting.onDeadline(now);
    assert.deepEqual(given, ['7/0', '8/0']);
    const next = waiting.nextDeadline();
    assert.ok(next > now && next <= now + MINUTE / 2, `${next - now} ms later`);
    waiting.hurry();
    waiting.onDeadline(next);
    assert.deepEqual(given, ['7/0', '8/0']);
    early.clear();
    waiting.onDeadline(waiting.nextDeadline());
    assert.deepEqual(given, ['7/0', '8/0', '7/1', '7/2']);
    waiting.close();
  });

  test('what has come together goes together', () => {
    const { waiting, given, add } = watched();
    const now = millis();
    add(7, 0, MINUTE);
    while (millis() === now);
    add(7, 1, MINUTE);
    waiting.onDeadline(waiting.nextDeadline());
    assert.deepEqual(given, ['7/0', '7/1']);
    waiting.close();
  });

  test('of one client that wants all the room others have some', () => {
    const { waiting, add } = watched();
    const large = Buffer.alloc(1 << 20);
    const addLarge = (client: number, slot: number): boolean => {
      return waiting.add({ ...requestOf(client, slot), bytes: large }, LANE, MINUTE, null);
    };
    let count = 0;
    while (addLarge(7, count)) count++;
    assert.ok(count > 4, `${count} wait`);
    assert.ok(addLarge(8, 0));
    add(9, 0);
    waiting.close();
  });
});
