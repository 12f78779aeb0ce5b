// The slots of a Redis Cluster: who has which, 1024 in a row.

import { colorOf, svg } from './charts.js';

const SLOTS = 16384;
const IN_ROW = 1024;
const WIDTH = 256;
const ROW = 14;
/** More pieces than this are drawn as evenly spaced samples. */
const PIECES_MOST = 1500;
/** More servers are counted, not named, for those who hear the picture. */
const NAMED_MOST = 12;

/** Ranges of slots as people write them: `0-5460, 6000`. */
export function rangesOf(slots, server, most = 8) {
  const own = slots.filter(([, , owner]) => owner === server);
  const texts = own
    .slice(0, most)
    .map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  return own.length > most ? `${texts.join(', ')} and ${own.length - most} more` : texts.join(', ');
}

function countsOf(slots) {
  const counts = new Map();
  for (const [first, last, owner] of slots) {
    counts.set(owner, (counts.get(owner) ?? 0) + last - first + 1);
  }
  return counts;
}

function asRanges(cells) {
  const size = SLOTS / cells.length;
  return cells.flatMap((owner, i) => {
    return owner < 0 ? [] : [[Math.round(i * size), Math.round((i + 1) * size) - 1, owner]];
  });
}

function pieces([first, last, owner], name) {
  const found = [];
  for (let from = first; from <= last; ) {
    const row = Math.floor(from / IN_ROW);
    const to = Math.min(last, (row + 1) * IN_ROW - 1);
    const x = ((from % IN_ROW) / IN_ROW) * WIDTH;
    const width = ((to - from + 1) / IN_ROW) * WIDTH;
    const title = svg('title');
    title.textContent = `${first === last ? first : `${first}-${last}`}: ${name}`;
    const at = { x, y: row * ROW, width, height: ROW - 1, fill: colorOf(owner) };
    found.push(svg('rect', at, title));
    from = to + 1;
  }
  return found;
}

/** @param cells owners of evenly spaced slots, for those that are in too many pieces */
export function slotMap({ slots, names, ringCells, name }) {
  const counts = countsOf(slots);
  const owned = [...counts.values()].reduce((all, n) => all + n, 0);
  const named = [...counts].slice(0, NAMED_MOST);
  const texts = named.map(([server, n]) => `${names[server]} ${n}`);
  if (counts.size > named.length) texts.push(`${counts.size - named.length} more servers`);
  const missing = SLOTS - owned;
  if (missing > 0) texts.push(`${missing} without a server`);
  const map = svg('svg', {
    class: missing > 0 ? 'slots missing' : 'slots',
    viewBox: `0 0 ${WIDTH} ${(SLOTS / IN_ROW) * ROW}`,
    role: 'img',
    'aria-label': `Slots of ${name}: ${texts.join(', ')}`,
  });
  const shown = slots.length > PIECES_MOST ? asRanges(ringCells) : slots;
  for (const range of shown) map.append(...pieces(range, names[range[2]]));
  return map;
}
