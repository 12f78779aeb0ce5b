import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { generateCase } from './cases/generate/generate.ts';
import { Pairs } from './cases/pairs.ts';
import { REGRESSIONS } from './cases/regressions.ts';
import { runCase } from './cases/run-case.ts';

// A fixed set of simulated worlds; `npm run sim` goes on with others. What fails here is shrunk, and
// shown as a timeline, by `npm run sim -- --seed S --cases 1`.

const FIRST_SEED = 1;
const SEEDS = 32;
/** Seeds of one test. */
const BLOCK = 16;
const TWICE = [3, 7, 12, 46];

const seen = new Pairs();
let replicaReads = 0;

describe('a simulated world', () => {
  after(() => {
    assert.ok(seen.counts.size > 60, `only ${seen.counts.size} pairs of faults and states`);
    assert.ok(replicaReads > 50, `only ${replicaReads} reads of replicas`);
  });

  for (let first = FIRST_SEED; first < FIRST_SEED + SEEDS; first += BLOCK) {
    test(`seeds ${first} to ${first + BLOCK - 1}`, async () => {
      for (let seed = first; seed < first + BLOCK; seed++) {
        const pairs = new Pairs();
        const result = await runCase(generateCase(seed), pairs);
        assert.deepEqual(result.complaints, [], `seed ${seed}`);
        seen.merge(pairs);
        replicaReads += result.replicaReads;
      }
    });
  }

  for (const { what, case: given } of REGRESSIONS) {
    test(what, async () => {
      const { complaints } = await runCase(given);
      assert.deepEqual(complaints, []);
    });
  }

  test('the same seed is the same world, event by event, whatever ran before', async () => {
    const seen = new Map<number, string>();
    for (const seed of [...TWICE, ...TWICE.toReversed()]) {
      const { hash, events } = await runCase(generateCase(seed));
      const before = seen.get(seed) ?? `${hash} ${events}`;
      assert.equal(`${hash} ${events}`, before, `seed ${seed}`);
      seen.set(seed, before);
    }
  });
});
