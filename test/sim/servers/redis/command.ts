import type { Keyspace } from '../keyspace.ts';
import type { Channels, Heard } from './pubsub.ts';
import { failure } from './resp.ts';
import type { ScriptCache } from './scripts.ts';

/** One client of a simulated Redis, as its commands see it. */
export interface Session {
  readonly id: number;
  db: number;
  resp: number;
  authenticated: boolean;
  name: string;
  /** What was asked since MULTI; null outside of a transaction. */
  queue: (() => Buffer)[] | null;
  /** EXEC must not carry it out. */
  failed: boolean;
  /** Version of each watched key, by database and name. */
  readonly watched: Map<string, number>;
  /** Set by QUIT: closed behind its reply. */
  closing: boolean;
  /** What it hears of. */
  readonly heard: Heard;
  /** Sends it what it has not asked for. */
  push(bytes: Buffer): void;
}

export interface Context {
  readonly data: Keyspace;
  readonly channels: Channels;
  readonly scripts: ScriptCache;
  readonly session: Session;
  readonly password: string | null;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Carries a command of a script out. */
  call(words: readonly Buffer[]): Buffer;
  /** Told of each command that is carried out. */
  onExecuted?(words: readonly Buffer[], reply: Buffer): void;
}

/** What a command does. @returns its whole reply */
export type Run = (context: Context, words: readonly Buffer[]) => Buffer;

/** Number of words with the name; negative: at least so many. And what it does. */
export type Command = readonly [arity: number, run: Run];

/** What a command gives that waits for something: there is no reply yet. */
export const BLOCKS: Buffer = Buffer.from('(blocks)');

export const WRONG_TYPE: Buffer = failure(
  'WRONGTYPE Operation against a key holding the wrong kind of value',
);
export const NOT_AN_INTEGER: Buffer = failure('ERR value is not an integer or out of range');
export const SYNTAX: Buffer = failure('ERR syntax error');

export function keyOf(word: Buffer): string {
  return word.toString('latin1');
}

export function upper(word: Buffer): string {
  return word.toString('latin1').toUpperCase();
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export function inRange(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** As string2ll() takes it: no blanks, no plus, no leading zeros. @returns null when it is none */
export function integerOf(word: Buffer): bigint | null {
  if (word.length > 20) return null;
  const text = word.toString('latin1');
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return null;
  const value = BigInt(text);
  return inRange(value) ? value : null;
}
