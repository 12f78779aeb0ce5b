import { encodeRequest, parseReply, ReplyError } from '../support/resp-client.ts';

/** A reply, whichever protocol it came in. */
export type Answer =
  | { readonly kind: 'ok' | 'miss' | 'marker' }
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'values'; readonly texts: (string | null)[] }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'error'; readonly text: string };

/** The few requests of the load, and their replies, in one protocol. */
export interface Wire {
  readonly redis: boolean;
  set(key: string, value: string): Buffer;
  get(key: string): Buffer;
  getMany(keys: readonly string[]): Buffer;
  /** null when the protocol's servers forget it with a restart. */
  increment(key: string): Buffer | null;
  /** Answered by the proxy itself, in order; empty when there is no such request. */
  marker(): Buffer;
  /** @param keys of the request that this answers, when it asked for several */
  parse(bytes: Buffer, at: number, keys: readonly string[]): [Answer, number] | null;
}

export const REDIS_WIRE: Wire = {
  redis: true,
  set: (key, value) => encodeRequest('SET', key, value),
  get: (key) => encodeRequest('GET', key),
  getMany: (keys) => encodeRequest('MGET', ...keys),
  increment: (key) => encodeRequest('INCR', key),
  marker: () => encodeRequest('PING'),
  parse(bytes, at) {
    const parsed = parseReply(bytes, at);
    if (parsed === null) return null;
    const [reply, next] = parsed;
    if (reply instanceof ReplyError) return [{ kind: 'error', text: reply.message }, next];
    if (reply === null) return [{ kind: 'miss' }, next];
    if (reply === 'PONG') return [{ kind: 'marker' }, next];
    if (typeof reply === 'string') return [{ kind: 'ok' }, next];
    if (typeof reply === 'number') return [{ kind: 'number', number: reply }, next];
    if (Buffer.isBuffer(reply)) return [{ kind: 'value', text: reply.toString('latin1') }, next];
    const texts = (reply as (Buffer | null)[]).map((item) => item?.toString('latin1') ?? null);
    return [{ kind: 'values', texts }, next];
  },
};

export const MEMCACHED_WIRE: Wire = {
  redis: false,
  set: (key, value) => Buffer.from(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`),
  get: (key) => Buffer.from(`get ${key}\r\n`),
  getMany: (keys) => Buffer.from(`get ${keys.join(' ')}\r\n`),
  increment: () => null,
  // nutcracker answers nothing itself in a memcached pool.
  marker: () => Buffer.alloc(0),
  parse: parseMemcached,
};

function parseMemcached(
  bytes: Buffer,
  at: number,
  keys: readonly string[],
): ReturnType<Wire['parse']> {
  const found = new Map<string, string>();
  for (let next = at; ; ) {
    const lineEnd = bytes.indexOf('\r\n', next);
    if (lineEnd < 0) return null;
    const line = bytes.toString('latin1', next, lineEnd);
    next = lineEnd + 2;
    if (!line.startsWith('VALUE ')) return [memcachedAnswer(line, found, keys), next];
    const [, key, , size] = line.split(' ');
    const end = next + Number(size);
    if (bytes.length < end + 2) return null;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('data without its end');
    found.set(key, bytes.toString('latin1', next, end));
    next = end + 2;
  }
}

function memcachedAnswer(
  line: string,
  found: ReadonlyMap<string, string>,
  keys: readonly string[],
): Answer {
  if (line === 'STORED') return { kind: 'ok' };
  if (/^(SERVER_ERROR|CLIENT_ERROR|ERROR)/.test(line)) return { kind: 'error', text: line };
  if (line !== 'END') throw new Error(`not a memcached reply: ${JSON.stringify(line)}`);
  for (const key of found.keys()) {
    if (!keys.includes(key)) throw new Error(`the value of ${key}, which was not asked for`);
  }
  if (keys.length > 1) return { kind: 'values', texts: keys.map((key) => found.get(key) ?? null) };
  const text = found.get(keys[0]);
  return text === undefined ? { kind: 'miss' } : { kind: 'value', text };
}
