// The status page: asks for /status.json every second and shows it. It changes nothing.

import { poolCard } from './card.js';
import { count, duration, el, last, micros, percent, sum } from './format.js';
import { refreshHover } from './hover.js';
import { chosenPools, overview } from './overview.js';
import { patch, patchChildren } from './patch.js';
import { readView, writeView } from './view.js';

const REFRESH_MS = 1000;
/** So few pools are shown with all they have, unless somebody says otherwise. */
const FEW_POOLS = 3;

const byId = (id) => document.getElementById(id);

function tile(label, value, bad = false) {
  return el('div', bad ? 'tile bad' : 'tile', el('span', 'quiet', label), el('b', '', value));
}

let before = null;

function showTiles(status) {
  const { pools } = status;
  const seconds = before === null ? 0 : (status.now - before.now) / 1000;
  const cpu = seconds > 0 ? (status.cpuSeconds - before.cpuSeconds) / seconds : 0;
  const errors = sum(pools, (pool) => last(pool.history.errors));
  const refused = sum(pools, (pool) => pool.clientsRefused);
  const down = sum(pools, ({ servers }) => servers.filter((server) => !server.reachable).length);
  const ejected = sum(pools, ({ servers }) => servers.filter((server) => !server.live).length);
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

function isOpen(pool) {
  return view.open === null ? shown.pools.length <= FEW_POOLS : view.open.has(pool.name);
}

function showPools({ pools }) {
  byId('controls').hidden = pools.length < 2 && pools.every(({ servers }) => servers.length < 10);
  const found = chosenPools([...pools], view);
  const lines = overview(found, isOpen);
  if (byId('overview').firstChild === null) byId('overview').append(lines);
  else patch(byId('overview').firstChild, lines);
  byId('found').textContent =
    found.length === pools.length ? '' : `${found.length} of ${pools.length} pools`;
  const cards = found.filter(isOpen);
  patchChildren(
    byId('pools'),
    cards.map((pool) => poolCard(pool, view.filter, unfolded.has(pool.name))),
  );
}

function setView(change) {
  view = { ...view, ...change };
  history.replaceState(null, '', writeView(view) || location.pathname);
  if (shown !== null) showPools(shown);
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
    showPools(shown);
  }
});
window.addEventListener('hashchange', () => {
  view = readView(location.hash);
  byId('filter').value = view.filter;
  byId('sort').value = view.sort;
  if (shown !== null) showPools(shown);
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

async function refresh() {
  try {
    const response = await fetch('status.json', { cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
  } catch (error) {
    const state = byId('state');
    state.textContent = 'no answer';
    state.className = 'badge bad';
    trouble(`The proxy does not answer (${error.message}). What you see is old.`);
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
