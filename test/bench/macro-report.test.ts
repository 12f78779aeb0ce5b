import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { thisMachine } from '../../bench/machine.ts';
import { charts } from '../../bench/macro/charts.ts';
import { inTurns, lowestPeak } from '../../bench/macro/load-steps.ts';
import { differences, halfLoadTable, idleTable, loadTable } from '../../bench/macro/report.ts';
import {
  type HalfLoadRun,
  type LoadRun,
  type MacroReport,
  reportText,
} from '../../bench/macro/results.ts';
import { baseOf } from '../../bench/macro/scenarios.ts';
import { runSteps } from '../../bench/macro/steps.ts';

const load = (target: string, round: number, cpuUs: number, perSecond = 100): LoadRun => ({
  ...{ scenario: 's', workload: 'w', target, round, requests: 10, cpuUs },
  ...{ requestsPerSecond: perSecond, p50Ms: 1, p99Ms: 2, rssKib: 1024 },
});

const half = (target: string, round: number, p99Ms: number | null): HalfLoadRun => ({
  ...{ workload: 'w', target, round, offeredPerSecond: 50, cpuUs: 1, requests: 9, unanswered: 0 },
  ...{ p50Ms: 1, p99Ms, p999Ms: null, maxMs: 9, lateP50Ms: 0, lateP99Ms: 0, lateP999Ms: 0 },
});

describe('tables of the end-to-end benchmark', () => {
  test('take ratios to the reference of the same round', () => {
    const runs = [load('b', 1, 20), load('a', 0, 1), load('a', 1, 10), load('b', 0, 2)];
    const reference = { name: 'b', of: () => 'b' };
    const text = loadTable('Work', runs, [reference], [reference]);
    assert.match(text, /^Work\ntarget +CPU µs\/req +\/ b +req\/s +\/ b +p50 ms/);
    const a = /\na +5\.50 \(1\.00–10\.0\) +0\.50 \(0\.50–0\.50\) +100 \(100–100\) +1\.00 /;
    assert.match(text, a);
    assert.match(text, /\nb +11\.0 \(2\.00–20\.0\) +100 \(100–100\) +1\.00 /);
  });

  test('show what a proxy adds to direct Redis, round by round', () => {
    const runs = [half('a', 0, 3), half('a', 1, 30), half('d', 0, 1), half('d', 1, 20)];
    assert.deepEqual(differences(runs.slice(0, 2), runs.slice(2)), [2, 10]);
    assert.match(halfLoadTable('Work', runs, 'd'), /\na .* 6\.00 \(2\.00–10\.0\) /);
  });

  test('leave out of ratios the rounds that one of the two lacks', () => {
    const runs = [load('a', 0, 1), load('a', 1, 9), load('b', 0, 2)];
    const reference = { name: 'b', of: () => 'b' };
    assert.match(loadTable('Work', runs, [reference], []), /\na .* 0\.50 \(0\.50–0\.50\) /);
    assert.deepEqual(differences([half('a', 0, 3), half('a', 1, 4)], [half('d', 1, 1)]), [3]);
  });

  test('show nothing where it is not known in every round', () => {
    const runs = [half('a', 0, 3), half('a', 1, null), half('d', 0, 1), half('d', 1, 2)];
    assert.match(halfLoadTable('Work', runs, 'd'), /\na +1\.00 \S+ +- +- +- /);
  });

  test('divide memory by the clients that use it', () => {
    const run = { target: 'a', round: 0, clients: 100, rssBeforeKib: 1024, rssAfterKib: 1424 };
    assert.match(idleTable([run]), / 4\.00 \(4\.00–4\.00\)$/);
  });
});

test('the text of a report is what was measured, to four digits', () => {
  const report: MacroReport = {
    ...{ machine: thisMachine(), programs: { a: '1' }, measuredAt: 'now' },
    ...{ load: [load('a', 0, 1.23456)], halfLoad: [half('a', 0, null)], idle: [], start: [] },
  };
  const read = JSON.parse(reportText(report)) as MacroReport;
  assert.deepEqual(read, { ...report, load: [load('a', 0, 1.235)] });
});

describe('the load of the end-to-end benchmark', () => {
  test('is half of what the slowest reaches in the middle of its rounds', () => {
    const runs = [load('a', 0, 1, 90), load('a', 1, 1, 10), load('a', 2, 1, 80)];
    assert.equal(lowestPeak([...runs, load('b', 0, 1, 85)], ['a', 'b']), 80);
  });

  test('begins with another target in each round', () => {
    const turns = inTurns(3, ['a', 'b']).map(([round, target]) => `${round}${target}`);
    assert.deepEqual(turns, ['0a', '0b', '1b', '1a', '2a', '2b']);
  });

  test('over unix sockets, to memcached and to a cluster has its own base', () => {
    assert.equal(baseOf('ringway auto, unix sockets'), 'nutcracker, unix sockets');
    assert.equal(baseOf('nutcracker, memcached'), 'nutcracker, memcached');
    assert.equal(baseOf('ringway auto, cluster of 3'), 'ringway auto, 3 servers');
  });

  test('of a variant is compared with the first of its kind', () => {
    assert.equal(baseOf('x, 1000 servers'), 'x, 4 servers');
    assert.equal(baseOf('x, 4 servers'), 'x, 4 servers');
    assert.equal(baseOf('ringway auto --workers 2'), 'ringway auto --workers 1');
  });
});

describe('charts of the end-to-end benchmark', () => {
  const names = { titles: new Map([['w', 'Work']]), reference: 'nutcracker', direct: 'direct' };
  const runs = ['a', 'nutcracker', 'direct'].map((target) => load(target, 0, 2));

  test('are CPU time, throughput and latency', () => {
    const halves = ['a', 'nutcracker', 'direct'].map((target) => half(target, 0, 2));
    const files = charts(runs, halves, names);
    assert.deepEqual([...files.keys()], ['cpu.svg', 'throughput.svg', 'latency.svg']);
    for (const svg of files.values()) assert.match(svg, /^<svg .*>a<.*>Work</s);
  });

  test('leave out what was not measured', () => {
    assert.deepEqual([...charts(runs, [], names).keys()], ['cpu.svg', 'throughput.svg']);
    assert.deepEqual([...charts([], [], names).keys()], []);
  });
});

test('progress tells the step, its number, what is left, and what came out', async () => {
  let text = '';
  let clock = 0;
  const step = (name: string, seconds: number, takesMs: number) => ({
    ...{ name, seconds },
    run: async () => {
      clock += takesMs;
      return `${name}!`;
    },
  });
  // The first takes twice its time, so twice as much is left.
  const steps = [step('one', 1, 2000), step('two', 4, 1), step('three', 600, 1)];
  await runSteps(
    steps,
    (part) => (text += part),
    () => clock,
  );
  const [one, two] = text.split('\n');
  assert.equal(one, '[1/3, 10 min left] one: one!');
  assert.equal(two, '[2/3, 20 min left] two: two!');
});
