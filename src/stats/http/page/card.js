// One pool of the status page: charts, ring, servers, latencies, slow requests.

import { colorOf, ringChart, shareBars, timeChart } from './charts.js';
import { count, el, last, micros, microsOnAxis, percent } from './format.js';

const CHART_SECONDS = 180;
/** More servers of a pool are shown when somebody asks for them. */
const SERVERS_SHOWN = 40;

/** Whether a text that somebody typed is in what a server is called. */
export function matches({ name, address }, filter) {
  return name.toLowerCase().includes(filter) || address.toLowerCase().includes(filter);
}

/** The servers to be shown, sick ones first, each with its number, which gives its colour. */
function serversOf(pool, filter) {
  const numbered = pool.servers.map((server, index) => [server, index]);
  const named = numbered.filter(([server]) => matches(server, filter));
  const found = named.length > 0 ? named : numbered;
  const isWell = ([server]) => stateOf(server) === '';
  return [...found.filter((each) => !isWell(each)), ...found.filter(isWell)];
}

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

function serverRow(pool, server, index) {
  const requestShare = pool.requests === 0 ? 0 : server.requests / pool.requests;
  const state = stateOf(server);
  const row = el('tr', state === '' ? '' : 'bad');
  row.dataset.key = server.name;
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

/** All of one pool. @param filter servers whose name or address has it; empty = all @param all more than fit too */
export function poolCard(pool, filter, all) {
  const { history } = pool;
  const now = el('span', 'quiet');
  now.append(
    `${pool.protocol} on ${pool.listen} · ${pool.hash} ${pool.distribution} · ` +
      `${pool.servers.length} servers · ${count(pool.requests)} requests · ` +
      `${count(pool.forwardErrors)} failed · ${pool.ejects} ejections`,
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
  const ring = el('div', '', el('h3', '', 'Ring'), ringChart(pool.ringCells, pool.servers));
  const found = serversOf(pool, filter);
  const some = all ? found : found.slice(0, SERVERS_SHOWN);
  const rows = some.map(([server, index]) => serverRow(pool, server, index));
  const tables = el('div', 'tables', latencyTable(pool));
  if (pool.slow.length > 0) tables.append(slowTable(pool));
  const card = el(
    'section',
    'pool',
    el('div', 'title', el('h2', '', pool.name), now),
    el('div', 'panels', throughput, latency, errors, ring),
    tableOf('servers', HEADS, rows),
    ...(found.length > some.length ? [moreButton(pool, found.length - some.length)] : []),
    tables,
  );
  card.id = `pool-${pool.name}`;
  card.dataset.key = pool.name;
  return card;
}
