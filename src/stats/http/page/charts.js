// Charts of the status page, drawn as SVG.

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element with attributes. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The colour of a server: the same everywhere on the page. */
export function colorOf(index) {
  return `hsl(${(211 + index * 137.5) % 360} 62% ${50 + (index % 3) * 7}%)`;
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

/**
 * Lines over time, one value per second, the newest at the right.
 * @param series [{ values, className, area }] @param least the scale goes at least this far
 */
export function timeChart(label, series, seconds, least, format) {
  const most = roundUp(Math.max(least, ...series.flatMap(({ values }) => values)));
  const chart = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': label,
  });
  const y = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - TOP);
  const x = (index, count) => WIDTH - ((count - 1 - index) / (seconds - 1)) * (WIDTH - LEFT);
  for (const share of [0, 0.5, 1]) {
    const at = y(most * share);
    chart.append(svg('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: at, y2: at }));
    const text = svg('text', { x: LEFT - 5, y: at + 4, 'text-anchor': 'end' });
    text.textContent = format(most * share);
    chart.append(text);
  }
  for (const { values, className, area } of series) {
    if (values.length === 0) continue;
    const points = values.map(
      (value, i) => `${x(i, values.length).toFixed(1)},${y(value).toFixed(1)}`,
    );
    if (area) {
      const first = x(0, values.length).toFixed(1);
      const corners = `${first},${y(0)} ${points.join(' ')} ${WIDTH},${y(0)}`;
      chart.append(svg('polygon', { class: 'area', points: corners }));
    }
    chart.append(svg('polyline', { class: className, points: points.join(' ') }));
  }
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

/** The ring: who owns which part of the hash values, clockwise from the top. */
export function ringChart(cells, servers) {
  const live = servers.filter((server) => server.live).length;
  const ring = svg('svg', {
    class: 'ring',
    viewBox: '-100 -100 200 200',
    role: 'img',
    'aria-label': `The ring: ${servers
      .map(({ name, ringShare }) => `${name} ${(ringShare * 100).toFixed(1)} %`)
      .join(', ')}`,
  });
  const slices = cells.length > 0 ? runsOf(cells) : sharesAsRuns(servers);
  for (const { owner, from, to } of slices) {
    if (owner >= 0) ring.append(svg('path', { d: slice(from, to), fill: colorOf(owner) }));
  }
  const text = svg('text', { y: 5 });
  text.textContent = live === servers.length ? `${live} live` : `${live} of ${servers.length} live`;
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

function sharesAsRuns(servers) {
  let at = 0;
  return servers.map(({ ringShare }, owner) => {
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
