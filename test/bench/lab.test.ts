import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../../bench/command-line.ts';
import { withSections } from '../../bench/docs/files.ts';
import { OPTIMISED, TIERS, tiersOf } from '../../bench/lab/case.ts';
import { checkScanner, labCases } from '../../bench/lab/cases.ts';
import { parseLabOptions } from '../../bench/lab/options.ts';
import { measureApart } from '../../bench/lab/processes.ts';
import {
  claimsOf,
  type LabResult,
  type LabResults,
  RESULTS_VERSION,
  resultsText,
} from '../../bench/lab/results.ts';
import { thisMachine } from '../../bench/machine.ts';
import { SAME_AGAIN } from '../../bench/micro/subjects.ts';

function result(contestants: Record<string, readonly number[]>): LabResult {
  return {
    ...{ name: 'case/1', group: 'main', unit: 'request', tier: 'optimised' },
    contestants: Object.entries(contestants).map(([name, ns]) => ({
      name,
      ns: ns.map((value) => [value, value * 1.1, value * 0.9]),
    })),
  };
}

describe('several versions of Node', () => {
  const main = { group: 'main', tiers: TIERS };
  const sweep = { group: 'key length', tiers: OPTIMISED };

  test('are measured in all the tiers that are asked for on the first', () => {
    assert.deepEqual(tiersOf(main, ['optimised', 'cold'], true), ['optimised', 'cold']);
    assert.deepEqual(tiersOf(sweep, TIERS, true), OPTIMISED);
  });

  test('are measured in the main cases, optimised, on the others', () => {
    assert.deepEqual(tiersOf(main, TIERS, false), OPTIMISED);
    assert.deepEqual(tiersOf(main, ['cold'], false), []);
    assert.deepEqual(tiersOf(sweep, TIERS, false), []);
  });
});

describe('the cases of the codec lab', () => {
  const cases = labCases();
  // Those of the microbenchmarks are run by their own test.
  const own = cases.filter(({ name }) =>
    /^(decode|hash-of-others|value-size|reply-size|cut)\//.test(name),
  );

  test('each has a name of its own', () => {
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  });

  test('each runs with every contestant', async () => {
    assert.ok(own.length > 20);
    for (const { name, make } of own) {
      const { tasks } = await make();
      assert.deepEqual(
        tasks.slice(0, 4).map(({ codec }) => codec),
        ['js', 'wasm-scalar', 'wasm-simd', SAME_AGAIN],
        name,
      );
      for (const { before, run } of tasks) {
        before();
        run();
      }
    }
  });

  test('the scanner in C, where it can be compiled, finds what the codecs find', () => {
    assert.equal(typeof checkScanner(), 'boolean');
  });

  for (const tier of ['baseline', 'cold'] as const) {
    test(`a process of its own measures each contestant, ${tier}`, async () => {
      const node = process.execPath;
      const name = 'batch/1';
      const { contestants } = await measureApart({ node, name, tier, turn: 1, quick: true });
      assert.equal(contestants.length, 4);
      for (const { ns } of contestants) assert.ok(ns.length > 0 && ns.every((value) => value > 0));
    });
  }
});

describe('what the lab claims', () => {
  test('is faster or slower only if all of five processes say so', () => {
    const js = [100, 110, 90, 120, 100];
    const verdicts = claimsOf(
      result({
        js,
        half: js.map((ns) => ns / 2),
        twice: js.map((ns) => ns * 2),
        mixed: js.map((ns, i) => (i === 2 ? ns * 2 : ns / 2)),
        same: js.map((ns) => ns * 1.001),
      }),
    ).map(({ verdict, faster }) => `${verdict} ${faster}`);
    assert.deepEqual(verdicts, ['level 0', 'faster 5', 'slower 0', 'level 4', 'level 0']);
  });

  test('are ratios of the same process: a slow minute changes none', () => {
    const [, claim] = claimsOf(result({ js: [10, 20, 30, 40, 50], other: [5, 10, 15, 20, 25] }));
    assert.deepEqual(claim.ratio, { median: 2, low: 2, high: 2 });
    assert.equal(claim.ns.median, 15);
  });
});

describe('the options of bench:lab', () => {
  test('have defaults that make a claim possible', () => {
    const { processes, tiers, nodes } = parseLabOptions([]);
    assert.deepEqual([processes, tiers.length, nodes], [5, 3, [process.execPath]]);
  });

  test('are refused in words', () => {
    for (const argv of [['--tier', 'warm'], ['--processes', '0'], ['--fast']]) {
      assert.throws(() => parseLabOptions(argv), UsageError);
    }
  });
});

describe('the results and the docs', () => {
  test('the text of a file is what was measured, to four digits', () => {
    const machine = thisMachine();
    const tests = [result({ js: [1.23456, 2, 3, 4, 5] })];
    const file: LabResults = { version: RESULTS_VERSION, machine, tests };
    const read = JSON.parse(resultsText(file)) as LabResults;
    assert.deepEqual(read.tests[0].contestants[0].ns[0], [1.235, 1.358, 1.111]);
    assert.deepEqual(read.machine, machine);
  });

  test('a part of a page is replaced, and a part without a place is told', () => {
    const page = 'a\n<!-- results: one -->\nold\n<!-- results: end -->\nb\n';
    const made = withSections(page, new Map([['one', 'new']]));
    assert.equal(made, 'a\n<!-- results: one -->\n\nnew\n\n<!-- results: end -->\nb\n');
    assert.equal(withSections(made, new Map([['one', 'new']])), made);
    assert.throws(() => withSections(page, new Map([['two', '']])), /two/);
  });
});
