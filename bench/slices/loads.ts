import type { Protocol } from '../macro/configurations.ts';
import { Random } from '../random.ts';

/** What the clients of a closed loop ask for; all keys are there, and all replies equally long. */
export interface Load {
  readonly name: string;
  readonly protocol: Protocol;
  /** A Redis Cluster of three, beside as many plain servers. */
  readonly cluster: boolean;
  /** With what one key is asked for. */
  readonly command: Command;
  readonly connections: number;
  /** Requests in one write, whose replies are awaited before the next. */
  readonly depth: number;
  /** Keys of one request. */
  readonly keys: number;
}

type Command = 'get' | 'set';

const KEYS = 20_000;
const KEY_DIGITS = 12;
/** What every key holds. */
export const VALUE = 'x'.repeat(100);
/** Writes that are made beforehand, and used again and again. */
const WRITES = 2_000;
const SEED = 20_120_905;

export const LOADS: readonly Load[] = [
  load('redis-get', 50, 1),
  load('redis-get', 50, 16),
  load('redis-get', 50, 64),
  load('redis-set', 50, 16),
  load('redis-mget', 50, 1, 100),
  load('cluster-get', 50, 1),
  load('cluster-get', 50, 16),
  load('cluster-get', 50, 64),
  load('cluster-set', 50, 1),
  load('cluster-set', 50, 16),
  load('cluster-set', 50, 64),
  load('memcached-get', 50, 1),
  load('memcached-get', 200, 1),
  load('memcached-get', 50, 16),
  load('memcached-multiget', 50, 1, 100),
  load('memcached-multiget', 100, 1, 100),
  load('memcached-multiget', 200, 1, 100),
];

function load(kind: string, connections: number, depth: number, keys = 1): Load {
  const [where, word] = kind.split('-');
  const protocol = where === 'memcached' ? where : 'redis';
  const command = word === 'set' ? word : 'get';
  const name = `${kind}-${keys === 1 ? `depth${depth}` : keys}-clients${connections}`;
  return { name, protocol, cluster: where === 'cluster', command, connections, depth, keys };
}

/** A key of its number. */
function keyOf(number: number): string {
  return `key:${String(number).padStart(KEY_DIGITS, '0')}`;
}

/** Requests that set every key, and how long the reply to each is. */
export function fillOf(protocol: Protocol): { requests: Buffer[]; replyBytes: number } {
  const requests = Array.from({ length: KEYS }, (_, i) => Buffer.from(setOf(protocol, keyOf(i))));
  return { requests, replyBytes: storedBytes(protocol) };
}

function setOf(protocol: Protocol, key: string): string {
  return protocol === 'redis'
    ? `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${VALUE.length}\r\n${VALUE}\r\n`
    : `set ${key} 0 0 ${VALUE.length}\r\n${VALUE}\r\n`;
}

function storedBytes(protocol: Protocol): number {
  return (protocol === 'redis' ? '+OK\r\n' : 'STORED\r\n').length;
}

function getOf(protocol: Protocol, picked: readonly string[]): string {
  if (protocol === 'memcached') return `get ${picked.join(' ')}\r\n`;
  const words = [picked.length === 1 ? 'GET' : 'MGET', ...picked];
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

function valuesBytes(protocol: Protocol, keys: number): number {
  const item =
    protocol === 'memcached'
      ? `VALUE ${keyOf(0)} 0 ${VALUE.length}\r\n${VALUE}\r\n`
      : `$${VALUE.length}\r\n${VALUE}\r\n`;
  const frame = protocol === 'memcached' ? 'END\r\n' : keys === 1 ? '' : `*${keys}\r\n`;
  return keys * item.length + frame.length;
}

/** The writes of a load, and how long the replies to one of them are. */
export function writesOf({ protocol, command, depth, keys }: Load): {
  writes: Buffer[];
  replyBytes: number;
} {
  const random = new Random(SEED);
  const request = (): string => {
    const picked = Array.from({ length: keys }, () => keyOf(random.integer(0, KEYS - 1)));
    return command === 'set' ? setOf(protocol, picked[0]) : getOf(protocol, picked);
  };
  const reply = command === 'set' ? storedBytes(protocol) : valuesBytes(protocol, keys);
  return {
    writes: Array.from({ length: WRITES }, () =>
      Buffer.from(Array.from({ length: depth }, request).join('')),
    ),
    replyBytes: depth * reply,
  };
}
