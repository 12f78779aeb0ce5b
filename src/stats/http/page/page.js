// The status page: asks for /status.json every second and shows it. It changes nothing.

import { keptCard, poolCard } from './card.js';
import { count, duration, el, last, micros, percent, sum } from './format.js';
import { refreshHover } from './hover.js';
import { chosenPools, overview } from './overview.js';
import { patch, patchChildren } from './patch.js';
import { readView, writeView } from './view.js';

const REFRESH_MS = 1000;
const ANSWER_MS = 5000;
/** What is further away than this from what is seen waits until somebody scrolls there. */
const NEAR_PX = 1500;
/** Of cards that are opened together the others come when they are near. */
const CARDS_AT_ONCE = 4;

const byId = (id) => document.getElementById(id);

function tile(label, value, bad = false) {
  return el('div', bad ? 'tile bad' : 'tile', el('span', 'quiet', label), el('b', '', value));
}

let before = null;

function showTiles(status) {
  const { pools } = status;
  const isSame = before?.startedAt === status.startedAt;
  const seconds = isSame ? (status.now - before.now) / 1000 : 0;
  const cpu = seconds > 0 ? (status.cpuSeconds - before.cpuSeconds) / seconds : 0;
  const errors = sum(pools, (pool) => last(pool.history.errors));
  const refused = sum(pools, (pool) => pool.clientsRefused);
  const down = sum(pools, ({ summary }) => summary.unreachable);
  const ejected = sum(pools, ({ summary }) => summary.ejected);
  patchChildren(byId('tiles'), [
    tile('requests / s', count(sum(pools, (pool) => last(pool.history.requests)))),
    tile('slowest p99', micros(Math.max(0, ...pools.map((pool) => last(pool.history.p99))))),
    tile('errors / s', count(errors), errors > 0),
    tile('servers ejected', String(ejected), ejected > 0),
    tile('servers down', String(down), down > 0),
    tile('in flight', count(sum(pools, (pool) => pool.inFlight + pool.queued))),
    tile('clients', count(sum(pools, (pool) => pool.clients))),
    tile('clients refused', count(refused), refused > 0),
    tile('processor', percent(cpu)),
    tile('memory', `${Math.round(status.residentBytes / 1048576)} MiB`),
  ]);
}

/** What somebody wants to see: in the address, so that it can be sent to others. */
let view = readView(location.hash);
/** Pools all servers of which are shown. */
const unfolded = new Set();
let shown = null;

/** Without a wish the proxy opens as many as make sense. */
function isOpen(pool) {
  return view.open === null ? pool.open : view.open.has(pool.name);
}

/** What is asked for: of pools that are closed, and of servers beyond the first, only numbers. */
function query() {
  const fields = new URLSearchParams({ brief: '', filter: view.filter });
  appendNames(fields, 'open', view.open?.size === 0 ? [''] : view.open);
  appendNames(fields, 'unfold', unfolded);
  return fields;
}

/** More names than an address can hold are all of them. */
function appendNames(fields, field, names) {
  if (names === null) return;
  const list = [...names];
  const isLong = list.reduce((all, name) => all + encodeURIComponent(name).length + 8, 0) > 700;
  for (const name of isLong ? ['*'] : list) fields.append(field, name);
}

function showPools({ pools }) {
  byId('controls').hidden = pools.length < 2 && pools.every(({ summary }) => summary.servers < 10);
  const found = chosenPools([...pools], view);
  const lines = overview(found, isOpen);
  if (byId('overview').firstChild === null) byId('overview').append(lines);
  else patch(byId('overview').firstChild, lines);
  byId('found').textContent =
    found.length === pools.length ? '' : `${found.length} of ${pools.length} pools`;
  // One that was opened a moment ago is still to come.
  const cards = found.filter((pool) => isOpen(pool) && pool.open);
  patchChildren(
    byId('pools'),
    cards.map((pool, nth) => (isOutOfSight(pool, nth) ? keptCard(pool) : poolCard(pool))),
  );
}

/** Whether a card is so far away that it need not be drawn. @param nth of the cards */
function isOutOfSight({ name }, nth) {
  const place = byId(`pool-${name}`)?.getBoundingClientRect();
  if (place === undefined) return nth >= CARDS_AT_ONCE;
  return place.bottom < -NEAR_PX || place.top > window.innerHeight + NEAR_PX;
}

function setView(change) {
  view = { ...view, ...change };
  history.replaceState(null, '', writeView(view) || location.pathname);
  changed();
}

/** What is known is shown at once, and the rest asked for. */
function changed() {
  if (shown !== null) showPools(shown);
  void refresh();
}

byId('filter').value = view.filter;
byId('sort').value = view.sort;
byId('filter').addEventListener('input', ({ target }) => {
  setView({ filter: target.value.trim().toLowerCase() });
});
byId('sort').addEventListener('change', ({ target }) => setView({ sort: target.value }));
byId('all').addEventListener('click', () => {
  setView({ open: new Set(shown?.pools.map(({ name }) => name)) });
});
byId('none').addEventListener('click', () => setView({ open: new Set() }));
document.addEventListener('click', ({ target }) => {
  const { pool, more } = target.closest?.('button')?.dataset ?? {};
  if (pool !== undefined) {
    const open = new Set(shown.pools.filter(isOpen).map(({ name }) => name));
    if (!open.delete(pool)) open.add(pool);
    setView({ open });
  } else if (more !== undefined) {
    unfolded.add(more);
    changed();
  }
});
document.addEventListener('scrollend', () => {
  if (shown !== null) showPools(shown);
});
window.addEventListener('hashchange', () => {
  view = readView(location.hash);
  byId('filter').value = view.filter;
  byId('sort').value = view.sort;
  changed();
});

function show(status) {
  const state = byId('state');
  state.textContent = status.state;
  state.className = `badge ${status.state === 'ready' ? 'good' : 'bad'}`;
  const workers = status.workers === 1 ? '1 worker' : `${status.workers} workers`;
  byId('about').textContent =
    `${status.version} · up ${duration((status.now - status.startedAt) / 1000)} · ` +
    `pid ${status.pid} · ${workers} · codec ${status.codec} · Node ${status.node}`;
  trouble(status.reloadErrors > 0 ? `The last reload failed: ${status.lastReloadError}` : '');
  showTiles(status);
  const isFirst = shown === null;
  shown = status;
  showPools(status);
  if (isFirst && view.open?.size === 1) byId(`pool-${[...view.open][0]}`)?.scrollIntoView();
  document.documentElement.dataset.shown = String(
    Number(document.documentElement.dataset.shown ?? 0) + 1,
  );
  before = status;
  refreshHover();
}

function trouble(text) {
  byId('trouble').textContent = text;
  byId('trouble').hidden = text === '';
}

let timer = 0;
/** Counts what was asked: an answer to an earlier question shows what nobody wants any more. */
let asked = 0;

async function refresh() {
  const own = ++asked;
  clearTimeout(timer);
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`status.json?${query()}`, { cache: 'no-store', signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const status = await response.json();
    if (own === asked) show(status);
  } catch (error) {
    if (own !== asked) return;
    const state = byId('state');
    state.textContent = 'no answer';
    state.className = 'badge bad';
    trouble(`The proxy does not answer (${error.message}). What you see is old.`);
  }
  if (own === asked) timer = setTimeout(refresh, REFRESH_MS);
}

refresh();
