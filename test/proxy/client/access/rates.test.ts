import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolConfig } from '../../../../src/config/index.ts';
import { RATED_USERS } from '../../../../src/limits.ts';
import {
  type RatedClient,
  sharesOf,
  takeRates,
} from '../../../../src/proxy/client/access/rates.ts';
import type { Deadlines } from '../../../../src/proxy/engine/deadlines.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';

const deadlines = { arm: () => {}, forget: () => {} } as unknown as Deadlines;

function configOf(rate: number): PoolConfig {
  const none = { clientRequestsPerSecond: 0, clientBytesPerSecond: 0, userBytesPerSecond: 0 };
  return { ...none, userRequestsPerSecond: rate, rateAction: 'wait' } as unknown as PoolConfig;
}

/** A client that is a user, with what it may ask for. */
function clientOf(config: PoolConfig, user: string): RatedClient {
  const client: RatedClient = {
    pool: { config, counters: poolCounters(), engine: { deadlines, workers: 1 } },
    login: { user },
    closed: false,
    rates: null,
    goOn: () => {},
    onException: (error) => assert.fail(String(error)),
  };
  takeRates(client);
  return client;
}

test('a million users that come and go leave nothing behind', () => {
  const config = configOf(1000);
  const shares = sharesOf(config);
  for (let i = 0; i < 1_000_000; i++) clientOf(config, `user ${i}`).rates?.stop();
  assert.ok(shares.size <= 2 * RATED_USERS, `${shares.size} are kept`);
});

test('who is here, or has used its share up, is remembered among any number of others', () => {
  const config = configOf(1);
  const here = clientOf(config, 'here');
  const gone = clientOf(config, 'gone');
  here.rates?.spend(1000, 0);
  gone.rates?.spend(1000, 0);
  gone.rates?.stop();
  for (let i = 0; i < 5 * RATED_USERS; i++) clientOf(config, `user ${i}`).rates?.stop();
  for (const user of ['here', 'gone']) assert.equal(clientOf(config, user).rates?.credit(), 0);
  assert.equal(clientOf(config, 'another').rates?.credit(), 1);
});

test('who becomes another user has the share of that one', () => {
  const config = configOf(10);
  const client = clientOf(config, 'first');
  client.rates?.spend(10, 0);
  assert.equal(client.rates?.credit(), 0);
  client.rates?.follow('second');
  assert.equal(client.rates?.credit(), 10);
  client.rates?.follow('first');
  assert.equal(client.rates?.credit(), 0);
});
