import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anything, type Fault, runSplitCase } from './split-case.ts';

// `node build/test/sim/promotion/long.js FIRST COUNT` goes on with others.

const SEEDS = 15;

const ISOLATED: Fault = {
  kind: 'part',
  some: ['m0'],
  others: ['m1', 'w0', 'w1', 'w2', 'p0', 'p1'],
};

describe('proxies that promote, in a simulated world', () => {
  test('never have two masters acknowledge, and find one again, whatever parts', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { complaints, promotions, writes, said } = await runSplitCase(seed, anything(seed));
      assert.deepEqual(complaints, [], `seed ${seed}\n${said.join('\n')}`);
      assert.ok(
        promotions.every((each) => each <= 1),
        `seed ${seed}: ${promotions.join()}`,
      );
      assert.ok(writes > 100);
    }
  });

  test('promote once when a master dies, or is reached by one of them alone', async () => {
    const crash: Fault = { kind: 'crash', server: 'm0', keepsData: true };
    for (const fault of [crash, ISOLATED]) {
      for (let seed = 1; seed <= 3; seed++) {
        const plan = { replicas: 1, rounds: 1, faults: () => [fault], seconds: () => 20 };
        const { complaints, promotions, said } = await runSplitCase(seed, plan);
        assert.deepEqual([complaints, promotions], [[], [1]], said.join('\n'));
      }
    }
  });

  test('promote nobody while the old master keeps a replica and a proxy; unfenced, it shows', async () => {
    const fault: Fault = {
      ...{ kind: 'part', some: ['m0', 'm1', 'p0'] },
      others: ['m2', 'm3', 'w0', 'w1', 'w2', 'p1', 'p2'],
    };
    const plan = { replicas: 3, rounds: 1, faults: () => [fault], seconds: () => 20 };
    const fenced = await runSplitCase(1, plan);
    assert.deepEqual([fenced.complaints, fenced.promotions], [[], [0]], fenced.said.join('\n'));
    const { complaints } = await runSplitCase(1, { ...plan, unfenced: true });
    assert.match(complaints.join('\n'), /changes of who acknowledges/);
  });
});
