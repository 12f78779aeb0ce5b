// One pool of the status page: charts, ring, servers, latencies, slow requests.

import { colorOf, ringChart, shareBars, timeChart } from './charts.js';
import { count, el, last, micros, microsOnAxis, percent, several } from './format.js';
import { rangesOf, slotMap } from './slots.js';
import { topology } from './topology.js';

const CHART_SECONDS = 180;

function moreButton(pool, left) {
  const button = el('button', 'more', `show ${count(left)} more servers`);
  button.type = 'button';
  button.dataset.more = pool.name;
  return button;
}

export function stateOf({ live, order, reachable, breakerOpen, holding }) {
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

function serverRow(pool, server) {
  const { index } = server;
  const requestShare = pool.requests === 0 ? 0 : server.requests / pool.requests;
  const state = stateOf(server);
  const row = el('tr', state === '' ? '' : 'bad');
  row.dataset.key = server.name;
  row.setAttribute('role', 'row');
  const cell = (label, ...children) => {
    const td = el('td', '', ...children);
    td.setAttribute('role', row.firstChild === null ? 'rowheader' : 'cell');
    td.dataset.label = label;
    row.append(td);
    return td;
  };
  const dot = el('span', 'dot');
  dot.style.background = colorOf(index);
  const name = cell('server', dot, state === '' ? server.name : `${server.name} (${state})`);
  const about = [`${server.address}, weight ${server.weight}`, ...server.replicas.map(roleOf)];
  if (pool.slots !== null) about.push(`slots ${rangesOf(pool.slots, index) || 'none'}`);
  name.title = about.join('\n');
  cell('req/s', count(server.rate));
  cell('p50', micros(server.p50));
  cell('p99', micros(server.p99));
  cell('in flight', count(server.inFlight + server.queued));
  cell('errors', count(server.errors + server.timeouts + server.closed)).title =
    `${server.errors} errors, ${server.timeouts} timeouts, ${server.closed} closed by the server, ` +
    `${server.failedRequests} requests failed`;
  const { of } = partsOf(pool);
  // The bars of many servers would all be too short to be seen.
  const scaled = (share) => Math.min(1, share * Math.max(1, pool.summary.servers / 4));
  const shares = cell(
    of,
    shareBars(colorOf(index), scaled(server.ringShare), scaled(requestShare)),
  );
  shares.className = 'wide';
  shares.title = `${percent(server.ringShare)} of the ${of}, ${percent(requestShare)} of the requests`;
  shares.dataset.label = `${of} ${percent(server.ringShare)}, requests ${percent(requestShare)}`;
  cell(`of ${of}`, percent(server.ringShare)).className = 'desktop';
  cell('of requests', percent(requestShare)).className = 'desktop';
  return row;
}

/** What the keys of a pool are shared by. */
function partsOf({ slots }) {
  return slots === null ? { title: 'Ring', of: 'ring' } : { title: 'Slots', of: 'slots' };
}

function headOf(text) {
  const head = el('th', '', text);
  head.scope = 'col';
  return head;
}

function tableOf(className, heads, rows) {
  const head = el('tr', '', ...heads.map(headOf));
  return el('table', className, el('thead', '', head), el('tbody', '', ...rows));
}

/** On a phone rows are no rows to the browser, unless they say so. */
function serverTable(pool, rows) {
  const { of } = partsOf(pool);
  const heads = ['server', 'req/s', 'p50', 'p99', 'in flight', 'errors', `${of} / requests`];
  const table = tableOf('servers', [...heads, `of ${of}`, 'of requests'], rows);
  table.setAttribute('role', 'table');
  table.setAttribute('aria-label', `Servers of ${pool.name}`);
  table.lastChild.setAttribute('role', 'rowgroup');
  return table;
}

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

/** Stands for a card that stays as it is. */
export function keptCard({ name }) {
  const kept = cardOf(name);
  kept.dataset.keep = '';
  return kept;
}

function cardOf(name, ...children) {
  const card = el('section', 'pool', ...children);
  card.id = `pool-${name}`;
  card.dataset.key = name;
  card.setAttribute('aria-label', name);
  return card;
}

/** All of one pool; of its servers those that were asked for. */
export function poolCard(pool) {
  const { history, summary } = pool;
  const now = el('span', 'quiet');
  now.append(
    `${pool.protocol} on ${pool.listen} · ${pool.hash} ${pool.distribution} · ` +
      `${several(summary.servers, 'server')} · ${count(pool.requests)} requests · ` +
      `${count(pool.forwardErrors)} failed · ${several(pool.ejects, 'ejection')}`,
  );
  const panel = (title, keys, chart) => {
    const spans = keys.map(([className, text]) => el('span', className, text));
    return el('div', '', el('h3', '', `${title} `, ...spans), chart);
  };
  const throughput = panel(
    'Requests per second',
    [['key', count(last(history.requests))]],
    timeChart(
      `Requests per second of ${pool.name}`,
      [{ name: 'requests/s', values: history.requests, className: 'main', area: true }],
      { seconds: CHART_SECONDS, least: 10, format: 'count', axis: count },
    ),
  );
  const latency = panel(
    'Latency',
    [
      ['key', `p50 ${micros(last(history.p50))} `],
      ['key other', `p99 ${micros(last(history.p99))}`],
    ],
    timeChart(
      `Latency of ${pool.name}`,
      [
        { name: 'p99', values: history.p99, className: 'second' },
        { name: 'p50', values: history.p50, className: 'main' },
      ],
      { seconds: CHART_SECONDS, least: 1000, format: 'micros', axis: microsOnAxis, log: true },
    ),
  );
  const errors = panel(
    'Errors per second',
    [['key wrong', count(last(history.errors))]],
    timeChart(
      `Errors per second of ${pool.name}`,
      [{ name: 'errors/s', values: history.errors, className: 'wrong', area: true }],
      { seconds: CHART_SECONDS, least: 10, format: 'count', axis: count },
    ),
  );
  const picture = pool.slots === null ? ringChart(pool) : slotMap(pool);
  const ring = el('div', '', el('h3', '', partsOf(pool).title), picture);
  const rows = pool.servers.map((server) => serverRow(pool, server));
  const left = summary.found - rows.length;
  const tree = topology(pool, stateOf);
  const tables = el('div', 'tables', latencyTable(pool));
  if (pool.slow.length > 0) tables.append(slowTable(pool));
  return cardOf(
    pool.name,
    el('div', 'title', el('h2', '', pool.name), now),
    el('div', 'panels', throughput, latency, errors, ring),
    serverTable(pool, rows),
    ...(left > 0 ? [moreButton(pool, left)] : []),
    ...(tree === null ? [] : [tree]),
    tables,
  );
}
