import type { PoolConfig } from '../../../config/index.ts';
import type { InFlightEntry } from '../in-flight.ts';
import { REPEAT_NEVER, REPEAT_READ, type ServerProtocol } from '../server-protocol.ts';
import { slotOf } from './saved-requests.ts';

/** What a request touches in a cluster. */
export interface Touched {
  readonly slot: number;
  readonly reads: boolean;
  /** What a server says of it may be made up by the request itself. */
  readonly isScript: boolean;
  /** Null = it may be any of the slot. */
  readonly keys: readonly string[] | null;
}

/** The pool of such a request. */
export interface TouchingPool {
  readonly config: PoolConfig;
  readonly protocol: Pick<ServerProtocol, 'slots' | 'repeatable'>;
}

/** What the words of a request tell. */
export function touchedBy(pool: TouchingPool, entry: InFlightEntry, bytes: Buffer): Touched {
  const { protocol } = pool;
  const repeat = protocol.repeatable(bytes);
  const isScript = repeat === REPEAT_NEVER;
  // A script may touch more than it names.
  const keys = isScript ? null : (protocol.slots?.requestKeys(bytes, pool) ?? null);
  return { slot: slotOf(pool, entry, bytes), reads: repeat === REPEAT_READ, isScript, keys };
}

/** All of a slot, whatever is written there. */
export function wholeSlot(slot: number): Touched {
  return { slot, reads: false, isScript: false, keys: null };
}

const READS_OR_WRITES = 'rw';
const WRITES = 'w';

/**
 * The names that a request is found by: one of namesMet() of another is among them if both touch
 * the same, and not both only read it. Then the one later than the other is not as if before.
 */
export function namesOf({ slot, reads, keys }: Touched): string[] {
  const names = [`slot ${slot}`, ...(keys?.map(nameOfKey) ?? [anyOf(slot)])];
  const found = names.map((name) => READS_OR_WRITES + name);
  return reads ? found : [...found, ...names.map((name) => WRITES + name)];
}

/** The names of all those that such a request meets. */
export function namesMet({ slot, reads, keys }: Touched): string[] {
  const names = keys === null ? [`slot ${slot}`] : [anyOf(slot), ...keys.map(nameOfKey)];
  return names.map((name) => (reads ? WRITES : READS_OR_WRITES) + name);
}

function anyOf(slot: number): string {
  return `any of ${slot}`;
}

function nameOfKey(key: string): string {
  return `key ${key}`;
}
