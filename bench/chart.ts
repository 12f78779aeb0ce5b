// Charts of benchmark figures as SVG: bars with the spread of the rounds, and lines.

import { linearScale, logScale, type Scale } from './scale.ts';
import {
  colour,
  element,
  FAINT,
  FONT_SIZE,
  INK,
  label,
  line,
  PAPER,
  picture,
  textWidth,
} from './svg.ts';
import { short } from './table.ts';

export interface Bar {
  readonly value: number;
  /** Ends of the whisker. */
  readonly low?: number;
  readonly high?: number;
}

export interface BarChart {
  readonly title: string;
  /** What the figures are and how they came about, in a sentence. */
  readonly description: string;
  readonly unit: string;
  /** Names of the bars of a group; a colour each. */
  readonly series: readonly string[];
  /** `bars` in the order of `series`; null where nothing was measured. */
  readonly groups: readonly { readonly name: string; readonly bars: readonly (Bar | null)[] }[];
  /** A value to compare with, such as 1 for ratios. */
  readonly reference?: { readonly value: number; readonly label: string };
}

export interface LineChart {
  readonly title: string;
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** For x that grows by doubling. */
  readonly logX?: boolean;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

const WIDTH = 860;
const MARGIN = 20;
const TITLE_HEIGHT = 34;
const LEGEND_ROW = 20;
const BAR_HEIGHT = 15;
const BAR_GAP = 3;
const GROUP_GAP = 14;
const WHISKER = 3;
const AXIS_HEIGHT = 42;
/** Room for the figure behind the longest bar. */
const FIGURE_WIDTH = 48;
const LINE_PLOT_HEIGHT = 300;
const TICK_GAP = 34;
/** Lines are told apart by more than their colour. */
const DASHES = ['none', '6 3', '2 3', '8 3 2 3'];

/** Groups of horizontal bars, one below the other. */
export function barChart(chart: BarChart): string {
  const names = chart.groups.map(({ name }) => textWidth(name));
  const left = MARGIN + Math.max(...names, 40) + 8;
  const right = WIDTH - MARGIN - FIGURE_WIDTH;
  const head = legend(chart.title, chart.series, swatch);
  const markTop = head.bottom + (chart.reference === undefined ? 0 : LEGEND_ROW);
  const groupHeight = chart.series.length * (BAR_HEIGHT + BAR_GAP) + GROUP_GAP;
  const bottom = markTop + chart.groups.length * groupHeight;
  const scale = linearScale(highest(chart), left, right);

  const parts = [...head.parts];
  const figures: string[] = [];
  for (const tick of scale.ticks) {
    const x = scale.place(tick);
    parts.push(line(x, markTop, x, bottom, { stroke: FAINT }));
    parts.push(label(x, bottom + FONT_SIZE + 4, tickText(tick), 'middle'));
  }
  parts.push(label((left + right) / 2, bottom + AXIS_HEIGHT - 10, chart.unit, 'middle'));
  chart.groups.forEach((group, g) => {
    const top = markTop + g * groupHeight + GROUP_GAP / 2;
    const middle = top + (groupHeight - GROUP_GAP) / 2;
    parts.push(label(left - 8, middle + FONT_SIZE / 3, group.name, 'end'));
    group.bars.forEach((bar, i) => {
      if (bar === null) return;
      const y = top + i * (BAR_HEIGHT + BAR_GAP);
      parts.push(...drawBar(bar, i, y, scale));
      figures.push(drawFigure(bar, y, scale));
    });
  });
  if (chart.reference !== undefined) {
    const x = scale.place(chart.reference.value);
    parts.push(line(x, markTop, x, bottom, { stroke: INK, 'stroke-dasharray': '4 3' }));
    parts.push(label(x, markTop - 5, chart.reference.label, 'middle'));
  }
  const height = bottom + AXIS_HEIGHT;
  return picture(WIDTH, height, chart.title, chart.description, [...parts, ...figures]);
}

/** Lines with a mark at each point; y begins at 0, so that differences keep their proportion. */
export function lineChart(chart: LineChart): string {
  const head = legend(
    chart.title,
    chart.series.map(({ name }) => name),
    stroke,
  );
  const top = head.bottom + LEGEND_ROW;
  const bottom = top + LINE_PLOT_HEIGHT;
  const points = chart.series.flatMap((series) => series.points);
  const y = linearScale(Math.max(0, ...points.map((point) => point[1])), bottom, top);
  const left = MARGIN + Math.max(...y.ticks.map((tick) => textWidth(tickText(tick)))) + 8;
  const right = WIDTH - MARGIN - 12;
  const xs = points.map((point) => point[0]);
  const x = chart.logX
    ? logScale(xs, left, right, TICK_GAP)
    : linearScale(Math.max(0, ...xs), left, right);

  const parts = [...head.parts, label(MARGIN, top - 14, chart.yLabel)];
  for (const tick of y.ticks) {
    parts.push(line(left, y.place(tick), right, y.place(tick), { stroke: FAINT }));
    parts.push(label(left - 8, y.place(tick) + FONT_SIZE / 3, tickText(tick), 'end'));
  }
  for (const tick of x.ticks) {
    parts.push(line(x.place(tick), bottom, x.place(tick), bottom + 4, { stroke: INK }));
    parts.push(label(x.place(tick), bottom + FONT_SIZE + 6, tickText(tick), 'middle'));
  }
  parts.push(label((left + right) / 2, bottom + AXIS_HEIGHT - 8, chart.xLabel, 'middle'));
  chart.series.forEach((series, i) => {
    const places = series.points.map((point) => [x.place(point[0]), y.place(point[1])] as const);
    parts.push(drawLine(places, i));
    for (const [cx, cy] of places) {
      parts.push(element('circle', { cx, cy, r: 3, fill: colour(i) }));
    }
  });
  return picture(WIDTH, bottom + AXIS_HEIGHT, chart.title, chart.description, parts);
}

function highest(chart: BarChart): number {
  const bars = chart.groups.flatMap(({ bars }) => bars.filter((bar) => bar !== null));
  return Math.max(0, chart.reference?.value ?? 0, ...bars.map((bar) => bar.high ?? bar.value));
}

function drawBar(bar: Bar, series: number, y: number, scale: Scale): string[] {
  const start = scale.place(0);
  const width = scale.place(bar.value) - start;
  const parts = [
    element('rect', { x: start, y, width, height: BAR_HEIGHT, rx: 2, fill: colour(series) }),
  ];
  if (bar.low !== undefined || bar.high !== undefined) {
    const middle = y + BAR_HEIGHT / 2;
    const ends = [scale.place(bar.low ?? bar.value), scale.place(bar.high ?? bar.value)];
    const ink = { stroke: INK };
    parts.push(line(ends[0], middle, ends[1], middle, ink));
    for (const x of ends) parts.push(line(x, middle - WHISKER, x, middle + WHISKER, ink));
  }
  return parts;
}

/** On a patch of paper, as the line of the reference may pass there. */
function drawFigure(bar: Bar, y: number, scale: Scale): string {
  const x = scale.place(Math.max(bar.high ?? bar.value, bar.value)) + 5;
  const patch = { stroke: PAPER, 'stroke-width': 4, 'paint-order': 'stroke' };
  return label(x, y + BAR_HEIGHT / 2 + FONT_SIZE / 3, short(bar.value), 'start', patch);
}

function drawLine(places: readonly (readonly [number, number])[], series: number): string {
  const points = places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return element('polyline', {
    ...{ points, fill: 'none', stroke: colour(series), 'stroke-width': 2 },
    'stroke-dasharray': DASHES[series % DASHES.length],
  });
}

/** The title and, below it, as many rows of names as they need. */
function legend(
  title: string,
  names: readonly string[],
  mark: (series: number, x: number, y: number) => string,
): { parts: string[]; bottom: number } {
  const parts = [
    label(MARGIN, MARGIN + FONT_SIZE, title, 'start', { 'font-size': 15, 'font-weight': 600 }),
  ];
  let x = MARGIN;
  let y = MARGIN + TITLE_HEIGHT;
  names.forEach((name, i) => {
    const width = textWidth(name) + 44;
    if (x > MARGIN && x + width > WIDTH - MARGIN) {
      x = MARGIN;
      y += LEGEND_ROW;
    }
    parts.push(mark(i, x, y), label(x + 24, y, name));
    x += width;
  });
  return { parts, bottom: y + 14 };
}

function swatch(series: number, x: number, y: number): string {
  return element('rect', { x, y: y - 10, width: 18, height: 11, rx: 2, fill: colour(series) });
}

function stroke(series: number, x: number, y: number): string {
  const look = { stroke: colour(series), 'stroke-width': 2 };
  return line(x, y - 4, x + 18, y - 4, {
    ...look,
    'stroke-dasharray': DASHES[series % DASHES.length],
  });
}

/** Ticks are round numbers already: all their digits, grouped by thousands. */
function tickText(tick: number): string {
  return tick.toLocaleString('en-US', { maximumSignificantDigits: 6 });
}
