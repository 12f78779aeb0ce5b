// The status page: asks for /status.json every second and shows it. It changes nothing.

import { colorOf, ringChart, shareBars, timeChart } from './charts.js';

const REFRESH_MS = 1000;
const CHART_SECONDS = 180;

const byId = (id) => document.getElementById(id);

/** An element with a class, text or children. All text comes in as text, never as markup. */
function el(name, className = '', ...children) {
  const element = document.createElement(name);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

function count(n) {
  if (n < 1000) return String(Math.round(n));
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} k`;
  return n < 1e9 ? `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)} M` : `${(n / 1e9).toFixed(1)} G`;
}

function micros(n) {
  if (n === 0) return '–';
  if (n < 1000) return `${Math.round(n)} µs`;
  return n < 1e6 ? `${(n / 1e3).toFixed(n < 1e4 ? 2 : 1)} ms` : `${(n / 1e6).toFixed(2)} s`;
}

const microsOnAxis = (n) => (n === 0 ? '0' : micros(n).replace(/\.0+ /, ' '));

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function duration(seconds) {
  const s = Math.floor(seconds);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const hours = Math.floor(s / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const last = (values) => values[values.length - 1] ?? 0;
const sum = (items, pick) => items.reduce((total, item) => total + pick(item), 0);

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
  byId('tiles').replaceChildren(
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
  );
}

function stateOf({ live, order, reachable, breakerOpen, holding }) {
  const states = [];
  if (order !== 'none') states.push(order === 'drain' ? 'drained by order' : 'ejected by order');
  else if (!live) states.push('ejected');
  else if (!reachable) states.push('not reachable');
  if (holding) states.push('requests wait');
  if (breakerOpen) states.push('breaker open');
  return states.join(', ');
}

function roleOf({ address, role, lag, read }) {
  const behind = lag === null ? '' : `, ${lag} bytes behind`;
  return `${role} ${address}${behind}${read ? ', read' : ''}`;
}

function serverRow(pool, server, index) {
  const requestShare = pool.requests === 0 ? 0 : server.requests / pool.requests;
  const state = stateOf(server);
  const row = el('tr', state === '' ? '' : 'bad');
  const cell = (label, ...children) => {
    const td = el('td', '', ...children);
    td.dataset.label = label;
    row.append(td);
    return td;
  };
  const dot = el('span', 'dot');
  dot.style.background = colorOf(index);
  const name = cell('server', dot, state === '' ? server.name : `${server.name} (${state})`);
  name.title = [`${server.address}, weight ${server.weight}`, ...server.replicas.map(roleOf)].join(
    '\n',
  );
  cell('req/s', count(server.rate));
  cell('p50', micros(server.p50));
  cell('p99', micros(server.p99));
  cell('in flight', count(server.inFlight + server.queued));
  cell('errors', count(server.errors + server.timeouts + server.closed)).title =
    `${server.errors} errors, ${server.timeouts} timeouts, ${server.closed} closed by the server, ` +
    `${server.failedRequests} requests failed`;
  const shares = cell('ring', shareBars(colorOf(index), server.ringShare, requestShare));
  shares.className = 'wide';
  shares.title = `${percent(server.ringShare)} of the ring, ${percent(requestShare)} of the requests`;
  shares.dataset.label = `ring ${percent(server.ringShare)}, requests ${percent(requestShare)}`;
  cell('of ring', percent(server.ringShare)).className = 'desktop';
  cell('of requests', percent(requestShare)).className = 'desktop';
  return row;
}

function tableOf(className, heads, rows) {
  const head = el('tr', '', ...heads.map((text) => el('th', '', text)));
  return el('table', className, el('thead', '', head), el('tbody', '', ...rows));
}

const HEADS = 'server,req/s,p50,p99,in flight,errors,ring / requests,of ring,of requests'.split(
  ',',
);

function textRow(texts) {
  return el('tr', '', ...texts.map((text) => el('td', '', text)));
}

function latencyTable(pool) {
  const rows = [];
  const add = (name, [p50, p99, p999], n) =>
    rows.push(textRow([name, micros(p50), micros(p99), micros(p999), n]));
  for (const [name, { count: n, latency }] of Object.entries(pool.classes)) {
    add(`${name} requests`, latency, count(n));
  }
  for (const name of ['queue', 'server']) {
    if (pool.latency[name] !== undefined) add(`${name} time`, pool.latency[name], '');
  }
  return tableOf('', ['since the start', 'p50', 'p99', 'p99.9', 'requests'], rows);
}

function slowTable(pool) {
  const rows = pool.slow.slice(0, 6).map((slow) => {
    const at = new Date(slow.at * 1000).toLocaleTimeString();
    const took = `${micros(slow.totalMicros)} (server ${micros(slow.serverMicros)})`;
    return textRow([at, slow.command, slow.server, took]);
  });
  return tableOf('', ['slow requests', 'command', 'server', 'took'], rows);
}

function poolCard(pool) {
  const { history } = pool;
  const now = el('span', 'quiet');
  now.append(
    `${pool.protocol} on ${pool.listen} · ${pool.hash} ${pool.distribution} · ` +
      `${pool.servers.length} servers · ${count(pool.requests)} requests · ` +
      `${count(pool.forwardErrors)} failed · ${pool.ejects} ejections`,
  );
  const throughput = el(
    'div',
    '',
    el('h3', '', 'Requests per second ', el('span', 'key', count(last(history.requests)))),
    timeChart(
      `Requests per second of ${pool.name}`,
      [{ values: history.requests, className: 'main', area: true }],
      CHART_SECONDS,
      10,
      count,
    ),
  );
  const latency = el(
    'div',
    '',
    el(
      'h3',
      '',
      'Latency ',
      el('span', 'key', `p50 ${micros(last(history.p50))} `),
      el('span', 'key other', `p99 ${micros(last(history.p99))}`),
    ),
    timeChart(
      `Latency of ${pool.name}`,
      [
        { values: history.p99, className: 'second' },
        { values: history.p50, className: 'main' },
      ],
      CHART_SECONDS,
      200,
      microsOnAxis,
    ),
  );
  const ring = el('div', '', el('h3', '', 'Ring'), ringChart(pool.ringCells, pool.servers));
  const rows = pool.servers.map((server, index) => serverRow(pool, server, index));
  const tables = el('div', 'tables', latencyTable(pool));
  if (pool.slow.length > 0) tables.append(slowTable(pool));
  const card = el(
    'section',
    'pool',
    el('div', 'title', el('h2', '', pool.name), now),
    el('div', 'panels', throughput, latency, ring),
    tableOf('servers', HEADS, rows),
    tables,
  );
  card.id = `pool-${pool.name}`;
  return card;
}

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
  byId('pools').replaceChildren(...status.pools.map(poolCard));
  document.documentElement.dataset.shown = String(
    Number(document.documentElement.dataset.shown ?? 0) + 1,
  );
  before = status;
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
