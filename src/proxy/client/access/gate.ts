import type { User } from '../../../acl/user.ts';
import {
  NO_COMMAND,
  RECORD_INFO,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
} from '../../../protocol/frame-table.ts';

import type { Sampler } from './sampler.ts';

/** What the walk looks at one by one: nothing forwards it, or nothing is known of it. */
export const LOOK = 0;
/** Forwarded as it is. */
export const FORWARD = 1;

/** What the rules of a user let its plain requests do, ready for the walk. */
export interface Gate {
  readonly user: User;
  /**
   * By command: LOOK, FORWARD, or a number that passes() knows. What is not let through may still
   * be allowed: it is looked at more closely.
   */
  readonly forwards: Uint8Array;
  /** Whether a key may be used so. @param code above FORWARD */
  passes(code: number, bytes: Uint8Array, start: number, length: number): boolean;
  /** The same for the request of a command that begins with `head`. */
  passesHead(command: number, head: Buffer): boolean;
  /** Whether the user may be subscribed to it. */
  mayHear(name: Uint8Array, isPattern: boolean): boolean;
}

/** A client whose requests may be restricted. */
export interface Gated {
  readonly gate: Gate | null;
  /** By command, as those of its gate, or of its pool. */
  readonly forwards: Uint8Array;
  readonly audit: Sampler | null;
}

/** Whether the whole and plain request of a record is forwarded. @param record word of the arena */
export function passes(
  { gate, forwards, audit }: Gated,
  words: Uint32Array,
  bytes: Uint8Array,
  record: number,
): boolean {
  if (audit?.due()) return false;
  const code = forwards[words[record + RECORD_INFO] & NO_COMMAND];
  if (code === FORWARD) return true;
  if (gate === null || !(code > FORWARD)) return false;
  return gate.passes(code, bytes, words[record + RECORD_KEY], words[record + RECORD_KEY_LENGTH]);
}
