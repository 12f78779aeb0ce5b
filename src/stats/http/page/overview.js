// One line per pool: sick ones first, or by what somebody has chosen.

import { count, el, last, micros, sum } from './format.js';

/** What a pool suffers from, in words; empty = it is well. */
export function troubleOf(pool) {
  const { sick, servers } = pool.summary;
  const errors = last(pool.history.errors);
  const texts = [];
  if (sick > 0) texts.push(`${sick} of ${servers} servers sick`);
  if (errors > 0) texts.push(`${count(errors)} errors/s`);
  return texts.join(', ');
}

const VALUES = {
  state: (pool) => (troubleOf(pool) === '' ? 0 : 1 + last(pool.history.errors)),
  requests: (pool) => last(pool.history.requests),
  errors: (pool) => last(pool.history.errors),
  p99: (pool) => last(pool.history.p99),
};

/** Pools whose name, or one of whose servers, has what was typed, in the order that was chosen. */
export function chosenPools(pools, { sort }) {
  const found = pools.filter(({ summary }) => summary.found >= 0);
  if (sort === 'name') return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  const value = VALUES[sort] ?? VALUES.state;
  return found.sort((a, b) => value(b) - value(a));
}

function poolRow(pool, isOpen) {
  const trouble = troubleOf(pool);
  const button = el('button', 'toggle', pool.name);
  button.type = 'button';
  button.dataset.pool = pool.name;
  button.setAttribute('aria-expanded', String(isOpen));
  if (isOpen) button.setAttribute('aria-controls', `pool-${pool.name}`);
  const cells = [
    el('th', '', button),
    el('td', trouble === '' ? 'well' : 'sick', trouble === '' ? 'well' : trouble),
    el('td', '', count(last(pool.history.requests))),
    el('td', '', count(last(pool.history.errors))),
    el('td', '', micros(last(pool.history.p99))),
    el('td', '', count(sum([pool], ({ inFlight, queued }) => inFlight + queued))),
    el('td', '', count(pool.clients)),
    el('td', '', `${pool.summary.up}/${pool.summary.servers}`),
  ];
  cells[0].scope = 'row';
  const row = el('tr', trouble === '' ? '' : 'bad', ...cells);
  row.dataset.key = pool.name;
  return row;
}

const HEADS = ['pool', 'state', 'req/s', 'errors/s', 'p99', 'in flight', 'clients', 'servers up'];

/** The lines. @param isOpen whether all of a pool is shown below */
export function overview(pools, isOpen) {
  const heads = HEADS.map((text) => {
    const head = el('th', '', text);
    head.scope = 'col';
    return head;
  });
  const rows = pools.map((pool) => poolRow(pool, isOpen(pool)));
  const table = el('table', '', el('thead', '', el('tr', '', ...heads)), el('tbody', '', ...rows));
  table.setAttribute('aria-label', 'The pools, one line each');
  return table;
}
