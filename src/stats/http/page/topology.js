// Masters, and what follows them.

import { colorOf } from './charts.js';
import { count, el } from './format.js';

function bytesOf(lag) {
  return lag === null ? '' : `${count(lag)} bytes behind`;
}

function box(className, key, ...texts) {
  const [title, ...others] = texts.filter((text) => text !== '');
  const item = el('div', `node ${className}`, el('span', 'name', title));
  for (const text of others) item.append(el('span', 'quiet', text));
  item.dataset.key = key;
  return item;
}

function replicaItem({ address, role, lag, read }) {
  const isLost = role === 'unknown';
  const said = isLost ? 'not answering' : role;
  const node = box(isLost ? 'lost' : role, address, address, said, bytesOf(lag));
  if (read) node.append(el('span', 'tag', 'read'));
  const item = el('li', '', node);
  item.dataset.key = address;
  return item;
}

function masterItem(server, state) {
  const role = server.replicas.find(({ address }) => address === server.address)?.role;
  const where = server.address === server.name ? '' : server.address;
  const node = box(
    state === '' ? 'master' : 'master lost',
    server.name,
    server.name,
    where,
    state === '' ? (role ?? 'master') : state,
  );
  const dot = el('span', 'dot');
  dot.style.background = colorOf(server.index);
  node.prepend(dot);
  const item = el('li', '', node);
  const others = server.replicas.filter(({ address }) => address !== server.address);
  if (others.length > 0) item.append(el('ul', '', ...others.map(replicaItem)));
  item.dataset.key = server.name;
  return item;
}

/**
 * @param stateOf what a server suffers from
 * @returns null where nobody is asked who follows whom
 */
export function topology({ name, servers }, stateOf) {
  const followed = servers.filter(({ replicas }) => replicas.length > 0);
  if (followed.length === 0) return null;
  const items = followed.map((server) => masterItem(server, stateOf(server)));
  const list = el('ul', 'topology', ...items);
  list.setAttribute('aria-label', `Masters of ${name} and their replicas`);
  return el('div', '', el('h3', 'below', 'Masters and replicas'), list);
}
