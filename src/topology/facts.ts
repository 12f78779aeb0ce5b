import { SENTINEL_HOST_BYTES, SENTINEL_REPLICAS } from '../limits.ts';
import { ErrorReply, type Reply } from './reply-reader.ts';

/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Whether they are written alike: names are not looked up. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}

/** `host:port`, also of IPv6. */
export function addressText({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** What one sentinel says of a master. */
export interface MasterFacts {
  readonly address: Address;
  /** Of the configuration that made it the master; a newer one is higher. */
  readonly epoch: number;
}

const HOST = /^[\w.:%-]+$/;

/** @returns null for what cannot be an address */
export function addressOf(host: string, port: string): Address | null {
  if (host === '' || host.length > SENTINEL_HOST_BYTES || !HOST.test(host)) return null;
  if (!/^\d{1,5}$/.test(port)) return null;
  const number = Number(port);
  return number < 1 || number > 65535 ? null : { host, port: number };
}

/** The fields of a flat list of names and values; null when it is none. */
function fieldsOf(reply: Reply): Map<string, string> | null {
  if (!Array.isArray(reply) || reply.length % 2 !== 0) return null;
  const fields = new Map<string, string>();
  for (let i = 0; i < reply.length; i += 2) {
    const name = reply[i];
    const value = reply[i + 1];
    if (typeof name === 'string' && typeof value === 'string') fields.set(name, value);
  }
  return fields;
}

/**
 * What SENTINEL MASTER and SENTINEL GET-MASTER-ADDR-BY-NAME say; null when they say nothing that
 * can be used. In the middle of a failover only the second one names the server that is promoted.
 */
export function masterFacts(master: Reply, place: Reply): MasterFacts | null {
  const epoch = fieldsOf(master)?.get('config-epoch') ?? '';
  if (!/^\d{1,15}$/.test(epoch) || !Array.isArray(place) || place.length !== 2) return null;
  const [host, port] = place;
  if (typeof host !== 'string' || typeof port !== 'string') return null;
  const address = addressOf(host, port);
  return address === null ? null : { address, epoch: Number(epoch) };
}

/** The replicas that SENTINEL REPLICAS lists, as texts; null when it lists none. */
export function replicaFacts(reply: Reply): ReadonlySet<string> | null {
  if (!Array.isArray(reply)) return null;
  const replicas = new Set<string>();
  for (const each of reply.slice(0, SENTINEL_REPLICAS)) {
    const fields = fieldsOf(each);
    const address = addressOf(fields?.get('ip') ?? '', fields?.get('port') ?? '');
    if (address !== null) replicas.add(addressText(address));
  }
  return replicas;
}

/** Those of them that the sentinel reaches, and that say themselves that they are replicas. */
export function healthyReplicas(reply: Reply): ReadonlySet<string> {
  const healthy = new Set<string>();
  if (!Array.isArray(reply)) return healthy;
  for (const each of reply.slice(0, SENTINEL_REPLICAS)) {
    const fields = fieldsOf(each);
    const address = addressOf(fields?.get('ip') ?? '', fields?.get('port') ?? '');
    const isWell = fields?.get('flags') === 'slave' && fields.get('role-reported') === 'slave';
    if (address !== null && isWell) healthy.add(addressText(address));
  }
  return healthy;
}

/** Something that a sentinel has published. */
export interface SentinelEvent {
  /** Such as `+switch-master`. */
  readonly type: string;
  /** The master that it is about. */
  readonly master: string;
  /** Of the instance that it names; null when it names none. */
  readonly address: Address | null;
}

/**
 * What a published message says: `<name> <old> <port> <new> <port>` of +switch-master, otherwise
 * `<kind> <name> <host> <port> @ <master> <host> <port>`, where a master has nothing behind `@`.
 */
export function eventOf(push: Reply): SentinelEvent | null {
  if (!Array.isArray(push) || push.length !== 4 || push[0] !== 'pmessage') return null;
  const [, , type, text] = push;
  if (typeof type !== 'string' || typeof text !== 'string') return null;
  const words = text.split(' ', 9);
  if (type === '+switch-master') {
    if (words.length !== 5) return null;
    return { type, master: words[0], address: addressOf(words[3], words[4]) };
  }
  const [kind, name, host, port, at, master] = words;
  if (words.length < 4) return null;
  const address = addressOf(host, port);
  if (kind === 'master') return { type, master: name, address };
  return at === '@' && master !== undefined ? { type, master, address } : null;
}

/** Whether a reply to ROLE says that its server is a master; null when it says nothing. */
export function isMaster(reply: Reply): boolean | null {
  if (reply instanceof ErrorReply || !Array.isArray(reply)) return null;
  return reply[0] === 'master' ? true : reply[0] === 'slave' ? false : null;
}
