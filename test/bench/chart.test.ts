import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BarChart, barChart, lineChart } from '../../bench/chart.ts';
import { linearScale, logScale } from '../../bench/scale.ts';

const BARS: BarChart = {
  title: 'CPU <ratio> & "more"',
  description: 'Median of 3 rounds',
  unit: 'times nutcracker',
  series: ['ringway', 'other'],
  groups: [
    { name: 'GET', bars: [{ value: 0.5, low: 0.4, high: 0.6 }, { value: 1.5 }] },
    { name: 'SET', bars: [{ value: 0.25 }, null] },
  ],
  reference: { value: 1, label: 'nutcracker' },
};

describe('bar charts', () => {
  const svg = barChart(BARS);

  test('are the same text every time', () => assert.equal(barChart(BARS), svg));

  test('are read out: role, title and description', () => {
    assert.match(svg, /^<svg [^>]*role="img"/);
    assert.match(svg, /<title>CPU &lt;ratio&gt; &amp; &quot;more&quot;<\/title>/);
    assert.match(svg, /<desc>Median of 3 rounds<\/desc>/);
  });

  test('are closed in every element, with nothing undefined', () => {
    assertWellFormed(svg);
  });

  test('have a bar per value, as long as the value', () => {
    const widths = [...svg.matchAll(/width="([\d.]+)" height="15"/g)].map(([, w]) => Number(w));
    assert.equal(widths.length, 3);
    assert.ok(Math.abs(widths[1] / widths[0] - 3) < 0.01);
    assert.ok(Math.abs(widths[0] / widths[2] - 2) < 0.01);
  });

  test('stand on white paper, so that a dark page does not hide their ink', () => {
    assert.match(svg, /<rect [^>]*fill="#ffffff"/);
  });

  test('without anything measured are still charts', () => {
    assertWellFormed(barChart({ ...BARS, groups: [] }));
    const { reference: _, ...plain } = BARS;
    assertWellFormed(barChart({ ...plain, groups: [{ name: 'GET', bars: [null, null] }] }));
  });
});

describe('line charts', () => {
  const points = [1, 2, 4, 1024].map((x) => [x, 100 / x] as const);
  const chart = { title: 't', description: 'd', xLabel: 'requests', yLabel: 'ns' };

  test('place doubled values at even distances when x is logarithmic', () => {
    const svg = lineChart({ ...chart, logX: true, series: [{ name: 'a', points }] });
    assertWellFormed(svg);
    const xs = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    assert.equal(xs.length, 4);
    assert.ok(Math.abs((xs[3] - xs[2]) / (xs[2] - xs[1]) - 8) < 0.1);
  });

  test('draw each series in its own colour and dash', () => {
    const svg = lineChart({
      ...chart,
      series: [
        { name: 'a', points },
        { name: 'b', points },
      ],
    });
    const looks = [...svg.matchAll(/<polyline [^>]*stroke="(#\w+)"[^>]*dasharray="([^"]+)"/g)];
    assert.equal(looks.length, 2);
    assert.notEqual(looks[0][1], looks[1][1]);
    assert.notEqual(looks[0][2], looks[1][2]);
  });
});

describe('scales', () => {
  test('end at a round number', () => {
    assert.deepEqual(linearScale(1.14, 0, 100).ticks, [0, 0.5, 1, 1.5]);
    assert.deepEqual(linearScale(0.3, 0, 100).ticks, [0, 0.1, 0.2, 0.3]);
    assert.deepEqual(linearScale(5, 0, 100).ticks, [0, 1, 2, 3, 4, 5]);
    assert.equal(linearScale(5, 0, 100).place(2.5), 50);
    assert.equal(linearScale(0, 0, 100).place(0), 0);
  });

  test('leave out ticks that would overlap', () => {
    assert.deepEqual(logScale([1, 2, 4, 8, 16], 0, 100, 30).ticks, [1, 4, 16]);
    assert.throws(() => logScale([0, 1], 0, 100, 30), RangeError);
  });
});

function assertWellFormed(svg: string): void {
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  const open: string[] = [];
  for (const [, slash, name, , end] of svg.matchAll(/<(\/?)(\w+)((?: [\w-]+="[^"<]*")*)(\/?)>/g)) {
    if (slash === '/') assert.equal(open.pop(), name);
    else if (end === '') open.push(name);
  }
  assert.deepEqual(open, []);
  assert.equal(svg.replace(/<\/?\w+(?: [\w-]+="[^"<]*")*\/?>/g, '').search(/[<>]/), -1);
}
