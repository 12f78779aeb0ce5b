import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anything, type Fault, onlyProxies, runSplitCase } from './split-case.ts';

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

  test('promote nobody when nothing but proxies is cut off', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { complaints, promotions, said } = await runSplitCase(seed, onlyProxies(seed));
      assert.deepEqual([complaints, promotions], [[], [0, 0]], `seed ${seed}\n${said.join('\n')}`);
    }
  });

  test('ask before they go on when they have stood still while their master was cut off', async () => {
    // What its replicas had sent before they left is heard when it is back: for a moment it
    // acknowledges again, and a proxy that has missed the promotion sent it writes (seed 28).
    const others = ['m1', 'm2', 'w0', 'w1', 'w2', 'p0', 'p1', 'p2'];
    const faults: Fault[] = [
      { kind: 'part', some: ['m0'], others },
      { kind: 'stop', process: 'p0' },
    ];
    const plan = { replicas: 2, rounds: 1, faults: () => faults, seconds: () => 12 };
    for (let seed = 25; seed < 31; seed++) {
      const { complaints, promotions, said } = await runSplitCase(seed, plan);
      assert.deepEqual([complaints, promotions], [[], [1]], `seed ${seed}\n${said.join('\n')}`);
    }
  });

  test('promote once, whatever is reloaded meanwhile', async () => {
    const fault: Fault = { kind: 'crash', server: 'm0', keepsData: true };
    for (let seed = 1; seed <= 6; seed++) {
      const plan = {
        replicas: 1,
        rounds: 1,
        faults: () => [fault],
        seconds: () => 25,
        reloads: true,
      };
      const { complaints, promotions, said } = await runSplitCase(seed, plan);
      assert.deepEqual([complaints, promotions], [[], [1]], `seed ${seed}\n${said.join('\n')}`);
    }
  });

  const most = '9'.repeat(15);
  const lies: Readonly<Record<string, (truth: string[]) => string[]>> = {
    'that all is down': ([a, b, c, d, e, f]) => [a, b, c, d, e, f, '3', '3', '0'],
    'that nothing may be changed': ([a, b, c, d, e, f]) => [a, b, c, d, e, f, '3', '0', '3'],
    'that another is the master': ([, , , , , f, ...rest]) => {
      return ['1', '77', '10.0.1.2:6379', '1', '9', f, ...rest];
    },
    'that a stranger is the master': ([, , , , , f, ...rest]) => {
      return ['1', '77', '6.6.6.6:6379', '1', '9', f, ...rest];
    },
    'the highest numbers there are': ([, , , , , , ...rest]) => {
      return ['1', most, '10.0.1.2:6379', '1', most, most, ...rest];
    },
    'what nobody understands': () => ['x'],
    nothing: () => [],
  };
  for (const [what, lie] of Object.entries(lies)) {
    test(`promote once, and only when they should, though a witness says ${what}`, async () => {
      const healthy = { replicas: 1, rounds: 1, faults: () => [], seconds: () => 20, lie };
      const calm = await runSplitCase(1, healthy);
      assert.deepEqual([calm.complaints, calm.changes], [[], 0], calm.said.join('\n'));
      const fault: Fault = { kind: 'crash', server: 'm0', keepsData: true };
      const { complaints, changes, said } = await runSplitCase(2, {
        ...{ ...healthy, rounds: 2, seconds: () => 25 },
        faults: (_random, _names, master) => [{ ...fault, server: master }],
      });
      assert.deepEqual([complaints, changes], [[], 2], said.join('\n'));
    });
  }
});
