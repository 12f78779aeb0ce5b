import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action, Case } from './case.ts';
import { USUAL } from './regression.ts';
import { runCase } from './run-case.ts';
import { shrink } from './shrink.ts';

const LIMIT_MS = 60_000;
const now = performance.now.bind(performance);

function client(...actions: readonly Action[]): Case['clients'][number] {
  return { proxy: 0, startMs: 1, actions };
}

describe('a case that fails', () => {
  test('is shrunk to the client that it takes, which keeps its name', async () => {
    const asking: Action = { do: 'send', ops: [{ op: 'ping' }], pieces: 1 };
    // It is not over in time.
    const tooLong: Action = { do: 'sleep', ms: 150_000 };
    const given: Case = {
      ...USUAL,
      seed: 1,
      codec: 'js',
      servers: 1,
      pools: [{ servers: 1, preconnect: true }, { servers: 1 }],
      clients: [client(asking), client(tooLong, asking), client(asking), client(asking)],
    };
    const found = await shrink(given, await runCase(given), now, LIMIT_MS);
    assert.deepEqual(found.case.clients, [client(), client(tooLong)]);
    assert.deepEqual(found.case.pools, [{ servers: 1 }, { servers: 1 }]);
    assert.ok(found.result.complaints[0].startsWith('client1 is not done'));
  });
});
