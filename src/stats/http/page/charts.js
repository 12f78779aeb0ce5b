// Charts of the status page, drawn as SVG.

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element with attributes. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * The colour of a server: the same everywhere on the page. All are about as bright, so that each has
 * a contrast of 3 to 1 to a light page and to a dark one.
 */
export function colorOf(index) {
  return `oklch(${56 + (index % 3) * 4}% 0.16 ${(250 + index * 137.5) % 360})`;
}

const WIDTH = 400;
const HEIGHT = 150;
const LEFT = 46;
const BOTTOM = 16;
const TOP = 8;

/** A round number not below `most`: 1, 2 or 5 with zeros. */
function roundUp(most) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= most) ?? most;
}

/** Decades that the values lie in: [1000, 100000] for 2 ms to 30 ms. */
function decades(values, least) {
  const some = values.filter((value) => value > 0);
  const low = some.length === 0 ? least : Math.min(...some);
  const high = Math.max(least, ...some);
  const from = 10 ** Math.floor(Math.log10(low));
  return [from, Math.max(from * 10, 10 ** Math.ceil(Math.log10(high)))];
}

/** Where values stand between bottom (0) and top (1), and what is written beside the chart. */
function scaleOf(values, least, isLog) {
  if (!isLog) {
    const most = roundUp(Math.max(least, ...values));
    return { ticks: [0, most / 2, most], share: (value) => value / most };
  }
  const [from, to] = decades(values, least);
  const all = Math.round(Math.log10(to / from));
  const ticks = Array.from({ length: all + 1 }, (_, i) => from * 10 ** i);
  const share = (value) => (value <= from ? 0 : Math.log10(value / from) / all);
  return { ticks, share };
}

/**
 * Lines over time, one value per second, the newest at the right.
 * @param series [{ name, values, className, area }]
 * @param options seconds shown; least: the scale goes at least this far; format: of FORMATS;
 * axis: how the scale is written; log: whether equal factors are equally far apart
 */
export function timeChart(label, series, { seconds, least, format, axis, log = false }) {
  const shown = series.map(({ values }) => values.slice(-seconds));
  const { ticks, share } = scaleOf(shown.flat(), least, log);
  const now = series.map(({ name, values }) => `${name} ${axis(values.at(-1) ?? 0)}`);
  const chart = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    tabindex: 0,
    'aria-label': `${label}, now ${now.join(', ')}. Arrow keys read earlier values.`,
    'data-seconds': seconds,
    'data-left': LEFT,
    'data-width': WIDTH,
    'data-format': format,
    'data-series': JSON.stringify(series.map(({ name }, i) => ({ name, values: shown[i] }))),
  });
  const y = (value) => HEIGHT - BOTTOM - share(value) * (HEIGHT - BOTTOM - TOP);
  const x = (index, count) => WIDTH - ((count - 1 - index) / (seconds - 1)) * (WIDTH - LEFT);
  for (const tick of ticks) {
    const at = y(tick);
    chart.append(svg('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: at, y2: at }));
    const text = svg('text', { x: LEFT - 5, y: at + 4, 'text-anchor': 'end' });
    text.textContent = axis(tick);
    chart.append(text);
  }
  series.forEach(({ className, area }, line) => {
    const values = shown[line];
    if (values.length === 0) return;
    const points = values.map(
      (value, i) => `${x(i, values.length).toFixed(1)},${y(value).toFixed(1)}`,
    );
    if (area) {
      const first = x(0, values.length).toFixed(1);
      const corners = `${first},${y(0)} ${points.join(' ')} ${WIDTH},${y(0)}`;
      chart.append(svg('polygon', { class: `area ${className}`, points: corners }));
    }
    chart.append(svg('polyline', { class: className, points: points.join(' ') }));
  });
  for (const [text, at, anchor] of [
    [`${seconds / 60} min ago`, LEFT, 'start'],
    ['now', WIDTH, 'end'],
  ]) {
    const mark = svg('text', { x: at, y: HEIGHT - 3, 'text-anchor': anchor });
    mark.textContent = text;
    chart.append(mark);
  }
  return chart;
}

/** So many servers are told to those who hear the picture. */
const SHARES_TOLD = 12;

/** The ring: who owns which part of the hash values, clockwise from the top. */
export function ringChart({ ringCells, servers, summary }) {
  const live = summary.servers - summary.ejected;
  const shares = servers
    .slice(0, SHARES_TOLD)
    .map(({ name, ringShare }) => `${name} ${(ringShare * 100).toFixed(1)} %`);
  const others = summary.servers - shares.length;
  if (others > 0) shares.push(`${others} more servers`);
  const ring = svg('svg', {
    class: 'ring',
    viewBox: '-100 -100 200 200',
    role: 'img',
    'aria-label': `The ring: ${shares.join(', ')}`,
  });
  const slices = ringCells.length > 0 ? runsOf(ringCells) : sharesAsRuns(servers);
  for (const { owner, from, to } of slices) {
    if (owner >= 0) ring.append(svg('path', { d: slice(from, to), fill: colorOf(owner) }));
  }
  const text = svg('text', { y: 5 });
  const all = summary.servers;
  text.textContent = live === all ? `${live} live` : `${live} of ${all} live`;
  ring.append(text);
  return ring;
}

/** Neighbouring cells of one owner, as parts of the circle. */
function runsOf(cells) {
  const runs = [];
  let from = 0;
  for (let i = 1; i <= cells.length; i++) {
    if (i < cells.length && cells[i] === cells[from]) continue;
    runs.push({ owner: cells[from], from: from / cells.length, to: i / cells.length });
    from = i;
  }
  return runs;
}

/** Where no server has its place on a circle, they follow each other; those not known leave a gap. */
function sharesAsRuns(servers) {
  let at = 0;
  return servers.map(({ ringShare, index: owner }) => {
    const from = at;
    at += ringShare;
    return { owner, from, to: at };
  });
}

function slice(from, to) {
  const end = Math.min(to, from + 0.9999);
  const point = (share, radius) => {
    const angle = share * 2 * Math.PI - Math.PI / 2;
    return `${(Math.cos(angle) * radius).toFixed(2)} ${(Math.sin(angle) * radius).toFixed(2)}`;
  };
  const large = end - from > 0.5 ? 1 : 0;
  return (
    `M${point(from, 96)} A96 96 0 ${large} 1 ${point(end, 96)} ` +
    `L${point(end, 58)} A58 58 0 ${large} 0 ${point(from, 58)} Z`
  );
}

/** Two bars: the share of the ring, and the share of the requests below it. */
export function shareBars(color, ringShare, requestShare) {
  const bars = svg('svg', { class: 'bars', viewBox: '0 0 100 15', preserveAspectRatio: 'none' });
  bars.append(
    svg('rect', { class: 'track', x: 0, y: 1, width: 100, height: 5 }),
    svg('rect', { fill: color, x: 0, y: 1, width: ringShare * 100, height: 5 }),
    svg('rect', { class: 'track', x: 0, y: 9, width: 100, height: 5 }),
    svg('rect', { fill: color, opacity: 0.6, x: 0, y: 9, width: requestShare * 100, height: 5 }),
  );
  return bars;
}
