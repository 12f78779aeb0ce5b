import { DEFAULT_USER } from '../../acl/user.ts';
import { exactMillis, wallMillis } from '../engine/clock.ts';
import type { Engine } from '../engine/engine.ts';
import { laneOf } from '../pool/lanes.ts';
import type { Pool } from '../pool/pool.ts';
import type { ClientConnection } from './client-connection.ts';
import { QUEUEING } from './session/modes.ts';

/** All clients of a process; closed ones whose replies are still swallowed among them. */
export function allClients(engine: Engine): ClientConnection[] {
  return engine.clients.filter((client) => client !== null) as ClientConnection[];
}

/** The clients of a pool, oldest first. */
export function clientsOf(pool: Pool): ClientConnection[] {
  const clients = allClients(pool.engine).filter((each) => each.pool === pool && !each.closed);
  return clients.sort((a, b) => a.session.number - b.session.number);
}

/** A client as an operator is shown it. */
export interface ClientView {
  /** As CLIENT ID says it, in its process. */
  readonly id: number;
  readonly address: string;
  readonly name: string;
  /** Of requests and replies that wait for it. */
  readonly heldBytes: number;
  /** Requests that are not answered. */
  readonly unanswered: number;
  readonly ageSeconds: number;
  readonly idleSeconds: number;
  /** As CLIENT LIST has them. */
  readonly flags: string;
}

function viewOf(client: ClientConnection): ClientView {
  return {
    id: client.session.number,
    address: peerAddress(client),
    name: Buffer.from(client.session.name, 'latin1').toString('utf8'),
    heldBytes: client.heldBytes,
    unanswered: client.pipeline.outstanding,
    ...agesOf(client),
    flags: flagsOf(client),
  };
}

function agesOf(client: ClientConnection): Pick<ClientView, 'ageSeconds' | 'idleSeconds'> {
  return {
    ageSeconds: Math.floor((wallMillis() - client.session.since) / 1000),
    idleSeconds: Math.floor(Math.max(0, exactMillis() - client.lastRead) / 1000),
  };
}

/** Who holds more comes first, then who waits for more, then who is idle for less long. */
export function byWeight(a: ClientView, b: ClientView): number {
  const more = b.heldBytes - a.heldBytes || b.unanswered - a.unanswered;
  return more || a.idleSeconds - b.idleSeconds;
}

/** The `count` clients of a pool that hold most. */
export function largestClients(pool: Pool, count: number): ClientView[] {
  return clientsOf(pool).map(viewOf).sort(byWeight).slice(0, count);
}

function addressOf(host: string | undefined, port: number | undefined, client: ClientConnection) {
  if (host !== undefined) return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const { listen } = client.pool.config;
  return `${listen.kind === 'unix' ? listen.path : ''}:0`;
}

/** Where a client comes from, as CLIENT LIST shows it. */
export function peerAddress(client: ClientConnection): string {
  return addressOf(client.socket.remoteAddress, client.socket.remotePort, client);
}

function localAddress(client: ClientConnection): string {
  return addressOf(client.socket.localAddress, client.socket.localPort, client);
}

function flagsOf({ session, subscribed }: ClientConnection): string {
  const { mode, noEvict, detour, tracking } = session;
  const flags = [
    session.monitoring === null ? '' : 'O',
    subscribed ? 'P' : '',
    mode === QUEUEING ? 'x' : '',
    detour?.blocked ? 'b' : '',
  ];
  flags.push(tracking?.flags ?? '', noEvict ? 'e' : '');
  return flags.join('') || 'N';
}

/** A line of CLIENT LIST: Redis's fields in their order, 0 for what ringway does not count. */
export function clientLine(client: ClientConnection): string {
  const { session, pipeline } = client;
  const lane = laneOf(client);
  const ages = agesOf(client);
  const fields: [string, string | number][] = [
    ['id', session.number],
    ['addr', peerAddress(client)],
    ['laddr', localAddress(client)],
    ['fd', client.id],
    ['name', session.name],
    ['age', ages.ageSeconds],
    ['idle', ages.idleSeconds],
    ['flags', flagsOf(client)],
    ['db', lane.db],
    ['sub', client.subscriptions?.channels ?? 0],
    ['psub', client.subscriptions?.patterns ?? 0],
    ['ssub', client.subscriptions?.shardChannels ?? 0],
    ['multi', session.transaction?.count ?? -1],
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
    ['user', client.login.user],
    ['redir', session.tracking?.redirect ?? -1],
    ['resp', lane.resp],
    ['lib-name', session.libName],
    ['lib-ver', session.libVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** A list is written in pieces of about this size. */
const PIECE = 64 * 1024;

/**
 * The lines of CLIENT LIST, in pieces. @returns null when they have more than `limit` bytes
 */
export function listBody(clients: readonly ClientConnection[], limit: number): Buffer[] | null {
  const pieces: Buffer[] = [];
  let bytes = 0;
  let text = '';
  for (const client of clients) {
    text += `${clientLine(client)}\n`;
    if (text.length < PIECE) continue;
    pieces.push(Buffer.from(text, 'latin1'));
    bytes += text.length;
    text = '';
    if (bytes > limit) return null;
  }
  pieces.push(Buffer.from(text, 'latin1'));
  return bytes + text.length > limit ? null : pieces;
}

export type Filter = (client: ClientConnection) => boolean;
const TYPES = ['normal', 'master', 'slave', 'replica', 'pubsub'];

function idFilter(texts: readonly string[]): Filter | string {
  if (!texts.every((each) => /^[1-9][0-9]{0,18}$/.test(each))) return 'Invalid client ID';
  const wanted = new Set(texts);
  return ({ session }) => wanted.has(String(session.number));
}

function typeFilter(type: string): Filter | string {
  const known = TYPES.includes(type.toLowerCase());
  if (!known) return `Unknown client type '${type}'`;
  const wanted = type.toLowerCase();
  return ({ subscribed }) => wanted === (subscribed ? 'pubsub' : 'normal');
}

/** @returns what CLIENT LIST's options choose, or the error they deserve */
export function listFilter(words: readonly string[]): Filter | string {
  const [option, ...rest] = words;
  if (option === undefined) return () => true;
  if (option.toUpperCase() === 'TYPE' && rest.length === 1) return typeFilter(rest[0]);
  if (option.toUpperCase() === 'ID' && rest.length > 0) return idFilter(rest);
  return 'syntax error';
}

function hasUser({ config }: Pool, name: string): boolean {
  return config.users === null ? name === DEFAULT_USER : config.users.find(name) !== undefined;
}

function killOption(
  option: string,
  value: string,
  self: ClientConnection | null,
  pool: Pool,
): Filter | string {
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
      if (!hasUser(pool, value)) return `No such user '${value}'`;
      return ({ login, authenticated }) => authenticated && login.user === value;
    case 'MAXAGE':
      if (!/^[0-9]{1,19}$/.test(value)) return 'maxage is not an integer or out of range';
      return ({ session }) => wallMillis() - session.since >= Number(value) * 1000;
    case 'SKIPME':
      if (/^yes$/i.test(value)) return (client) => client !== self;
      return /^no$/i.test(value) ? () => true : 'syntax error';
    default:
      return 'syntax error';
  }
}

/** @returns what the filters of the new form of CLIENT KILL choose, or the error they deserve */
export function killFilter(
  words: readonly string[],
  self: ClientConnection | null,
  pool: Pool,
): Filter | string {
  if (words.length % 2 !== 0) return 'syntax error';
  // Of an option that is given twice the latter counts, as in Redis.
  const filters: Map<string, Filter> = new Map([['SKIPME', (client) => client !== self]]);
  for (let i = 0; i < words.length; i += 2) {
    const filter = killOption(words[i], words[i + 1], self, pool);
    if (typeof filter === 'string') return filter;
    filters.set(words[i].toUpperCase(), filter);
  }
  const chosen = [...filters.values()];
  return (client) => chosen.every((filter) => filter(client));
}
