import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../../bench/command-line.ts';
import { thisMachine } from '../../bench/machine.ts';
import { allCases } from '../../bench/micro/cases.ts';
import { microCharts } from '../../bench/micro/charts.ts';
import type { Measurement } from '../../bench/micro/measure.ts';
import { parseMicroOptions } from '../../bench/micro/options.ts';
import { measureWith, nodeTable } from '../../bench/micro/other-nodes.ts';
import type { MicroReport } from '../../bench/micro/report.ts';
import { FREE, FREE_BYTES, subjects } from '../../bench/micro/subjects.ts';

describe('the cases of the microbenchmarks', () => {
  const list = subjects();
  const cases = allCases(list);

  test('each has a name of its own and runs with every codec', () => {
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    for (const { name, items, bytes, tasks } of cases) {
      assert.deepEqual(
        tasks.map(({ codec }) => codec),
        ['js', 'wasm-scalar', 'wasm-simd'],
        name,
      );
      assert.ok(items > 0 && bytes >= items, name);
      for (const { before, run } of tasks) {
        before();
        run();
      }
    }
  });

  test('all codecs copy the same bytes to the same places', () => {
    const copying = cases.filter(({ name }) => /^(chunk|gather|fragment|coalesce)\//.test(name));
    assert.ok(copying.length > 10);
    for (const { name, tasks } of copying) {
      const copies = tasks.map(({ before, run }, i) => {
        const { bytes } = list[i].codec.arena;
        bytes.fill(0, FREE, FREE + FREE_BYTES);
        before();
        run();
        return Buffer.from(bytes.subarray(FREE, FREE + FREE_BYTES));
      });
      assert.ok(
        copies[0].some((byte) => byte !== 0),
        name,
      );
      for (const copy of copies) assert.ok(copy.equals(copies[0]), name);
    }
  });

  test('a joined reply holds the elements of all parts', () => {
    const it = cases.find(({ name }) => name === 'coalesce/in-order-100');
    assert.ok(it);
    it.tasks[0].before();
    it.tasks[0].run();
    const { bytes } = list[0].codec.arena;
    const text = Buffer.from(bytes.subarray(FREE, FREE + it.bytes)).toString('latin1');
    assert.equal(text.match(/\$(-1|\d+)\r\n/g)?.length, 100);
  });
});

const machine = thisMachine();

function measured(name: string, nsPerItem: number): Measurement[] {
  return (['js', 'wasm-scalar', 'wasm-simd'] as const).map((codec, i) => {
    const ratio = { median: i + 1, low: i + 0.9, high: i + 1.1 };
    return { name, codec, nsPerItem: nsPerItem / (i + 1), rme: 1, mbPerSecond: 1, ratio };
  });
}

function reportOf(names: readonly string[], otherNodes: readonly MicroReport[] = []): MicroReport {
  const measurements = names.flatMap((name) => measured(name, 60));
  return { machine, measurements, crossovers: [], otherNodes };
}

describe('charts of the microbenchmarks', () => {
  const files = (report: MicroReport): string[] => [...microCharts(report).keys()].sort();

  test('are drawn of what was measured', () => {
    assert.deepEqual(files(reportOf([])), []);
    assert.deepEqual(files(reportOf(['chunk/mixed', 'hash/md5/4', 'batch/1', 'key-length/4'])), [
      ...['batch.svg', 'hashes.svg', 'key-length.svg', 'requests.svg'],
    ]);
    const several = reportOf(['chunk/mixed'], [reportOf(['chunk/mixed'])]);
    assert.deepEqual(files(several), ['nodes.svg', 'requests.svg']);
  });

  test('show where JavaScript is', () => {
    const svg = microCharts(reportOf(['chunk/mixed'])).get('requests.svg') ?? '';
    for (const text of ['JavaScript', 'WebAssembly with SIMD', 'chunk/mixed', machine.node]) {
      assert.ok(svg.includes(text), text);
    }
  });
});

describe('several versions of Node', () => {
  test('stand side by side, each with its ratio', () => {
    const newer = { ...reportOf(['a']), machine: { ...machine, node: 'v99.0.0' } };
    const text = nodeTable([reportOf(['a', 'b']), newer]);
    assert.match(text, /^case +codec +v\d+\.\d+\.\d+ ns +against js +v99\.0\.0 ns +against js\n/);
    assert.match(text, /^a +wasm-simd +20\.0 +3\.00 × \(2\.90 – 3\.10\) +20\.0 +3\.00 ×/m);
    assert.match(text, /^b +js +60\.0 +1$/m);
  });

  test('a program that is no Node is a mistake of the user', () => {
    const options = parseMicroOptions([]);
    assert.throws(() => measureWith('/nowhere/node', 'x.js', options), UsageError);
    assert.throws(() => measureWith('false', 'x.js', options), UsageError);
  });
});
