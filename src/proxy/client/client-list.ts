import type { Pool } from '../pool/pool.ts';
import type { ClientConnection } from './client-connection.ts';

/** The clients of a pool, oldest first. */
export function clientsOf(pool: Pool): ClientConnection[] {
  const clients = pool.engine.clients.filter(
    (client): client is ClientConnection =>
      client !== null && client.pool === pool && !client.closed,
  );
  return clients.sort((a, b) => a.session.number - b.session.number);
}

function addressOf(host: string | undefined, port: number | undefined, client: ClientConnection) {
  if (host !== undefined) return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const { listen } = client.pool.config;
  return `${listen.kind === 'unix' ? listen.path : ''}:0`;
}

export function peerAddress(client: ClientConnection): string {
  return addressOf(client.socket.remoteAddress, client.socket.remotePort, client);
}

export function localAddress(client: ClientConnection): string {
  return addressOf(client.socket.localAddress, client.socket.localPort, client);
}

/** A line of CLIENT LIST: Redis's fields in their order, 0 for what ringway does not count. */
export function clientLine(client: ClientConnection): string {
  const { session, pool, pipeline } = client;
  const lane = pool.lanes.at(client.lane);
  const fields: [string, string | number][] = [
    ['id', session.number],
    ['addr', peerAddress(client)],
    ['laddr', localAddress(client)],
    ['fd', client.id],
    ['name', session.name],
    ['age', Math.floor((Date.now() - session.since) / 1000)],
    ['idle', Math.floor(Math.max(0, performance.now() - client.lastRead) / 1000)],
    ['flags', session.noEvict ? 'e' : 'N'],
    ['db', lane.db],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', -1],
    ['qbuf', 0],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', pipeline.undeliveredBytes],
    ['oll', pipeline.outstanding],
    ['omem', 0],
    ['tot-mem', 0],
    ['events', 'r'],
    ['cmd', 'NULL'],
    ['user', 'default'],
    ['redir', -1],
    ['resp', lane.resp],
    ['lib-name', session.libName],
    ['lib-ver', session.libVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

export type Filter = (client: ClientConnection) => boolean;
const TYPES = ['normal', 'master', 'slave', 'replica', 'pubsub'];

function idFilter(texts: readonly string[]): Filter | string {
  if (!texts.every((each) => /^[1-9][0-9]{0,18}$/.test(each))) return 'Invalid client ID';
  return ({ session }) => texts.includes(String(session.number));
}

function typeFilter(type: string): Filter | string {
  const known = TYPES.includes(type.toLowerCase());
  if (!known) return `Unknown client type '${type}'`;
  return () => type.toLowerCase() === 'normal';
}

/** @returns what CLIENT LIST's options choose, or the error they deserve */
export function listFilter(words: readonly string[]): Filter | string {
  const [option, ...rest] = words;
  if (option === undefined) return () => true;
  if (option.toUpperCase() === 'TYPE' && rest.length === 1) return typeFilter(rest[0]);
  if (option.toUpperCase() === 'ID' && rest.length > 0) return idFilter(rest);
  return 'syntax error';
}

function killOption(option: string, value: string, self: ClientConnection): Filter | string {
  switch (option.toUpperCase()) {
    case 'ID':
      if (!/^[0-9]{1,19}$/.test(value) || /^0+$/.test(value)) {
        return 'client-id should be greater than 0';
      }
      return ({ session }) => String(session.number) === value;
    case 'TYPE':
      return typeFilter(value);
    case 'ADDR':
      return (client) => peerAddress(client) === value;
    case 'LADDR':
      return (client) => localAddress(client) === value;
    case 'USER':
      if (value !== 'default') return `No such user '${value}'`;
      return () => true;
    case 'MAXAGE':
      if (!/^[0-9]{1,19}$/.test(value)) return 'maxage is not an integer or out of range';
      return ({ session }) => Date.now() - session.since >= Number(value) * 1000;
    case 'SKIPME':
      if (/^yes$/i.test(value)) return (client) => client !== self;
      return /^no$/i.test(value) ? () => true : 'syntax error';
    default:
      return 'syntax error';
  }
}

/** @returns what the filters of the new form of CLIENT KILL choose, or the error they deserve */
export function killFilter(words: readonly string[], self: ClientConnection): Filter | string {
  if (words.length % 2 !== 0) return 'syntax error';
  const filters: Filter[] = [];
  let skipMe = true;
  for (let i = 0; i < words.length; i += 2) {
    const filter = killOption(words[i], words[i + 1], self);
    if (typeof filter === 'string') return filter;
    if (words[i].toUpperCase() === 'SKIPME') skipMe = false;
    filters.push(filter);
  }
  if (skipMe) filters.push((client) => client !== self);
  return (client) => filters.every((filter) => filter(client));
}
