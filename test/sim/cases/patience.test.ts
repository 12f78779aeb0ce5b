import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Case } from './case.ts';
import { generateCase } from './generate/generate.ts';
import { USUAL } from './regression.ts';
import { runCase } from './run-case.ts';

const TOO_LONG_MS = 150_000;
const CLIENT = { proxy: 0, startMs: 1 };
const IDLE: Case = {
  ...USUAL,
  seed: 1,
  codec: 'js',
  servers: 1,
  pools: [{ servers: 1 }, { servers: 1 }],
  clients: [
    { ...CLIENT, actions: [{ do: 'sleep', ms: TOO_LONG_MS }] },
    { ...CLIENT, actions: [{ do: 'sleep', ms: 1 }] },
  ],
};

describe('a simulated world that is not over', () => {
  test('tells of the client that keeps it, and of nobody who was to come after it', async () => {
    const { complaints } = await runCase(IDLE);
    const of = complaints.filter((each) => each.includes('is not done'));
    assert.deepEqual(of, [`client0 is not done, idle: waits for ${TOO_LONG_MS} ms to go by`]);
  });

  /** Of these seeds clients paused for 120 s and more, one pause after the other. */
  for (const seed of [654, 2_160, 9_162]) {
    test(`is not kept by the pauses of its clients: seed ${seed}`, () => {
      for (const { actions } of generateCase(seed).clients) {
        const all = actions.reduce((sum, each) => sum + (each.do === 'sleep' ? each.ms : 0), 0);
        assert.ok(all <= 100_000, `${all} ms`);
      }
    });
  }
});
