import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mergeRuns } from '../../bench/docs/merged-runs.ts';
import { wantedText } from '../../bench/docs/wanted.ts';
import { type LoadRun, type MacroReport, pairsOf, runsOf } from '../../bench/macro/results.ts';

describe('runs of the end-to-end benchmark that are shown as one', () => {
  test('a round is paired with the same round of the same run', () => {
    const all = mergeRuns([report([1, 2]), report([30, 40])]);
    const pairs = pairsOf(runsOf(all.load, 'a'), runsOf(all.load, 'b'));
    const costs = pairs.map(([one, other]) => [one.cpuUs, other.cpuUs]);
    assert.deepEqual(costs, [
      [1, 10],
      [2, 20],
      [30, 300],
      [40, 400],
    ]);
  });

  test('what was wanted is said with whether it was missed, and not where nothing was', () => {
    assert.equal(wantedText(0.5, 0.49), '0.50');
    assert.equal(wantedText(0.5, 0.51), '0.50 (missed)');
    assert.equal(wantedText(250, 251), '250 (missed)');
    assert.equal(wantedText(undefined, 9), '');
  });
});

/** Rounds of a target "a" that cost so much each, and of a target "b" that costs ten times as much. */
function report(costs: readonly number[]): MacroReport {
  const run = (target: string, round: number, cpuUs: number): LoadRun => ({
    scenario: 'comparison',
    workload: 'depth1-get',
    target,
    round,
    cpuUs,
    requests: 1,
    requestsPerSecond: 1,
    p50Ms: 1,
    p99Ms: 1,
    rssKib: 1,
  });
  const load = costs.flatMap((cost, round) => [run('b', round, cost * 10), run('a', round, cost)]);
  return {
    machine: { ringway: '', node: '', v8: '', cpu: '', cores: 1, system: '' },
    programs: {},
    measuredAt: '',
    load,
    halfLoad: [],
    idle: [],
    start: [],
  };
}
