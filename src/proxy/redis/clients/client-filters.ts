import { DEFAULT_USER } from '../../../acl/user.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { localAddress, peerAddress } from '../../client/client-list.ts';
import { wallMillis } from '../../engine/clock.ts';
import type { Pool } from '../../pool/pool.ts';

/** Which clients are meant. */
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
