import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientTimers, type TimedClient } from '../../../src/proxy/client/client-timers.ts';
import { millis } from '../../../src/proxy/engine/clock.ts';
import type { Deadlines } from '../../../src/proxy/engine/deadlines.ts';

const LIMIT = 1000;
const LONG_AGO = 60_000;

function start() {
  const config = { requestReadTimeoutMs: LIMIT, clientIdleTimeoutMs: 0, loginTimeoutMs: 0 };
  const client = { pool: { config }, authenticated: true, unfinished: true, waits: false };
  const deadlines = { arm() {}, forget() {} };
  const timed = client as unknown as TimedClient;
  const timers = new ClientTimers(timed, deadlines as unknown as Deadlines);
  const mayTake = (): number => timers.nextDeadline() - millis();
  return { client, timers, mayTake };
}

test('who had to wait in the middle of a request has all the time for the rest of it', () => {
  const { client, timers, mayTake } = start();
  client.waits = true;
  timers.lastRead = millis() - LONG_AGO;
  assert.ok(mayTake() > LIMIT / 2);
  client.waits = false;
  assert.ok(mayTake() > LIMIT / 2);
});

test('that time begins once, and again with every byte', () => {
  const { client, timers, mayTake } = start();
  client.waits = true;
  mayTake();
  client.waits = false;
  const due = timers.nextDeadline();
  const later = millis() + LIMIT;
  assert.equal(timers.nextDeadline(), due);
  timers.onRead(later, true);
  assert.equal(timers.nextDeadline(), later + LIMIT);
});

test('who waits for nothing has no more than that', () => {
  const { timers, mayTake } = start();
  assert.ok(mayTake() <= LIMIT);
  assert.equal(timers.nextDeadline(), timers.lastRead + LIMIT);
});
