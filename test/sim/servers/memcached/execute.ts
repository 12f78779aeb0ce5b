import type { Keyspace } from '../keyspace.ts';

/** What a request of memcached did, and its reply; `asRedis` tells a checker in words of Redis. */
export interface Executed {
  readonly reply: Buffer;
  readonly asRedis: readonly (readonly [words: readonly Buffer[], reply: string])[];
}

/** A request of the text protocol. */
export interface MemcachedRequest {
  readonly words: readonly string[];
  /** Of a storage command. */
  readonly data: Buffer | null;
}

export interface MemcachedContext {
  readonly data: Keyspace;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Counts changes, for `gets`. */
  nextCas(): number;
  readonly cas: Map<string, number>;
}

/** The commands that the simulated memcached knows, in the forms that are right. */
export const KNOWN_COMMANDS: readonly string[] = [
  ...['get', 'gets', 'set', 'add', 'replace', 'append', 'prepend', 'delete', 'incr', 'decr'],
  ...['touch', 'version', 'mn'],
];
export const STORAGE: readonly string[] = ['set', 'add', 'replace', 'append', 'prepend'];

const VERSION = '1.6.21';
const WRAP = 2n ** 64n;
/** Above this an expiry is a moment, not a span. */
const LONGEST_SPAN_S = 60 * 60 * 24 * 30;

function line(text: string): Buffer {
  return Buffer.from(`${text}\r\n`, 'latin1');
}

function key(word: string): Buffer {
  return Buffer.from(word, 'latin1');
}

/** @returns the moment in milliseconds, 0 = never; negative = it is gone at once */
function expiry(word: string, now: number): number {
  const seconds = Number(word);
  if (seconds === 0) return 0;
  if (seconds < 0) return -1;
  return seconds > LONGEST_SPAN_S ? seconds * 1000 : now + seconds * 1000;
}

function retrieve({ data, cas }: MemcachedContext, words: readonly string[]): Executed {
  const parts: Buffer[] = [];
  const asRedis: [Buffer[], string][] = [];
  for (const word of words.slice(1)) {
    asRedis.push([[Buffer.from('GET'), key(word)], '']);
    const value = data.get(0, word);
    if (value?.type !== 'string') continue;
    const { bytes, flags = 0 } = value;
    const unique = words[0] === 'gets' ? ` ${cas.get(word) ?? 0}` : '';
    parts.push(line(`VALUE ${word} ${flags} ${bytes.length}${unique}`), bytes, line(''));
  }
  return { reply: Buffer.concat([...parts, line('END')]), asRedis };
}

function store(context: MemcachedContext, request: MemcachedRequest): Executed {
  const [name, word, flags, seconds] = request.words;
  const { data, now } = context;
  const given = request.data as Buffer;
  const found = data.get(0, word);
  const before = found?.type === 'string' ? found : null;
  const asRedis: [Buffer[], string][] = [[[Buffer.from(name.toUpperCase()), key(word), given], '']];
  if (name === 'add' ? before !== null : name !== 'set' && before === null) {
    return { reply: line('NOT_STORED'), asRedis: [] };
  }
  context.cas.set(word, context.nextCas());
  if (name === 'append' || name === 'prepend') {
    const own = before?.bytes ?? Buffer.alloc(0);
    const bytes = Buffer.concat(name === 'append' ? [own, given] : [given, own]);
    const kept = { type: 'string', bytes, flags: before?.flags ?? 0 } as const;
    data.set(0, word, kept, data.expiryOf(0, word));
  } else {
    const expiresAt = expiry(seconds, now);
    data.set(0, word, { type: 'string', bytes: given, flags: Number(flags) }, expiresAt);
  }
  return { reply: line('STORED'), asRedis };
}

function count(context: MemcachedContext, words: readonly string[]): Executed {
  const [name, word, by] = words;
  const { data } = context;
  const value = data.get(0, word);
  if (value?.type !== 'string') return { reply: line('NOT_FOUND'), asRedis: [] };
  // As strtoull() reads it: what stands behind a blank does not count.
  const [text] = value.bytes.toString('latin1').split(/\s/, 1);
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= WRAP) {
    const why = 'CLIENT_ERROR cannot increment or decrement non-numeric value';
    return { reply: line(why), asRedis: [] };
  }
  const old = BigInt(text);
  const down = old > BigInt(by) ? old - BigInt(by) : 0n;
  const after = String(name === 'incr' ? (old + BigInt(by)) % WRAP : down);
  // A shorter number is written over the old one, behind which blanks stay.
  const keepsLength = name === 'decr' || after.length < value.bytes.length;
  const stored = keepsLength ? after.padEnd(value.bytes.length) : after;
  context.cas.set(word, context.nextCas());
  const changed = { ...value, bytes: Buffer.from(stored, 'latin1') };
  data.set(0, word, changed, data.expiryOf(0, word));
  const asked = [Buffer.from(name.toUpperCase()), key(word)];
  return { reply: line(after), asRedis: [[asked, `:${after}\r\n`]] };
}

/** Carries out one request, as memcached 1.6 does. */
export function execute(context: MemcachedContext, request: MemcachedRequest): Executed {
  const { words } = request;
  const [name, word] = words;
  const { data, now } = context;
  if (STORAGE.includes(name)) return store(context, request);
  switch (name) {
    case 'get':
    case 'gets':
      return retrieve(context, words);
    case 'incr':
    case 'decr':
      return count(context, words);
    case 'delete': {
      const was = data.get(0, word) !== null && data.remove(0, word);
      const asRedis: [Buffer[], string][] = [[[Buffer.from('DEL'), key(word)], '']];
      return { reply: line(was ? 'DELETED' : 'NOT_FOUND'), asRedis };
    }
    case 'touch': {
      const value = data.get(0, word);
      if (value === null) return { reply: line('NOT_FOUND'), asRedis: [] };
      data.set(0, word, value, expiry(words[2], now));
      return { reply: line('TOUCHED'), asRedis: [] };
    }
    case 'version':
      return { reply: line(`VERSION ${VERSION}`), asRedis: [] };
    case 'mn':
      return { reply: line('MN'), asRedis: [] };
    default:
      return { reply: line('ERROR'), asRedis: [] };
  }
}
