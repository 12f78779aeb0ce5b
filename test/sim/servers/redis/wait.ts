import { integerOf, NOT_AN_INTEGER } from './command.ts';
import { failure } from './resp.ts';

export const ON_REPLICA = failure(
  'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a ' +
    'replica is configured to be writable (which is not the default) writes to replicas are just ' +
    'local and are not propagated.',
);
const WRONG_ARITY = failure("ERR wrong number of arguments for 'wait' command");
const NOT_A_TIMEOUT = failure('ERR timeout is not an integer or out of range');
const NEGATIVE = failure('ERR timeout is negative');

/** What a client waits for. */
interface Wanted {
  readonly replicas: number;
  /** 0 = without end. */
  readonly ms: number;
}

/** What WAIT asks for, or the error that it is answered. */
export function waitOf(words: readonly Buffer[]): Wanted | Buffer {
  if (words.length !== 3) return WRONG_ARITY;
  const [replicas, ms] = words.slice(1).map(integerOf);
  if (replicas === null) return NOT_AN_INTEGER;
  if (ms === null) return NOT_A_TIMEOUT;
  return ms < 0n ? NEGATIVE : { replicas: Number(replicas), ms: Number(ms) };
}
