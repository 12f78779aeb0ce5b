import { ANY_ACCESS, READS_AND_WRITES } from '../../../acl/access.ts';
import { type AclCommand, findAclCommand } from '../../../acl/commands.ts';
import { mayHear } from '../../../acl/judge/verdict.ts';
import type { Pattern } from '../../../acl/pattern.ts';
import { PatternSet } from '../../../acl/pattern-set.ts';
import type { User } from '../../../acl/user.ts';
import type { PoolConfig } from '../../../config/index.ts';
import { GATE_SETS } from '../../../limits.ts';
import { COMMANDS, type CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { FORWARD, type Gate, LOOK } from '../../client/access/gate.ts';
import { allowedCommands } from '../command-rules.ts';

/** Codes of `forwards` are bytes: GATE_SETS fit behind this one. */
const FIRST_SET = FORWARD + 1;
const CR = 0x0d;

/** A user's rules as the walk needs them: one byte per command, and a few sets of patterns. */
export class UserGate implements Gate {
  readonly user: User;
  readonly forwards: Uint8Array;
  /** One pattern of a set must fit the key of a plain request. */
  readonly #sets: readonly PatternSet[];

  constructor(user: User, allowed: Uint8Array | null) {
    this.user = user;
    const sets: PatternSet[] = [];
    const known = new Map<string, number>();
    this.forwards = Uint8Array.from(COMMANDS, (spec, index) => {
      if (allowed !== null && allowed[index] !== 1) return LOOK;
      const needed = patternsFor(user, spec);
      if (needed === null) return FORWARD;
      if (needed.length === 0) return LOOK;
      const name = needed.map(({ text, access }) => `${access}${text}`).join('\n');
      let set = known.get(name);
      if (set === undefined) {
        if (sets.length === GATE_SETS) return LOOK;
        set = sets.push(new PatternSet(needed)) - 1;
        known.set(name, set);
      }
      return FIRST_SET + set;
    });
    this.#sets = sets;
  }

  passes(code: number, bytes: Uint8Array, start: number, length: number): boolean {
    return this.#sets[code - FIRST_SET].matches(bytes, start, length);
  }

  passesHead(command: number, head: Buffer): boolean {
    const code = this.forwards[command];
    if (code <= FORWARD) return code === FORWARD;
    let start = head.indexOf(CR) + 2;
    for (let word = COMMANDS[command].firstKey; ; word--) {
      const body = head.indexOf(CR, start) + 2;
      const length = Number(head.toString('latin1', start + 1, body - 2));
      // The lengths are those that the scanner has accepted.
      if (body < 2 || body + length > head.length) return false;
      if (word === 0) return this.passes(code, head, body, length);
      start = body + length + 2;
    }
  }

  mayHear(name: Uint8Array, isPattern: boolean): boolean {
    return mayHear(this.user, name, isPattern);
  }
}

/**
 * The patterns one of which the key of a plain request must fit. @returns null when it may have any
 * key; none when the request has to be looked at
 */
function patternsFor(user: User, spec: CommandSpec): readonly Pattern[] | null {
  const command = findAclCommand(spec.name);
  if (command === undefined) return [];
  const selectors = user.selectors.filter((selector) => selector.mayRun(command));
  if (selectors.some(({ allKeys }) => allKeys)) return null;
  const access = accessOfOneKey(command);
  if (access === null) return [];
  const patterns = selectors.flatMap(({ keys }) => keys);
  return patterns.filter((pattern) => (pattern.access & access) === access);
}

/**
 * What a plain request of a command does to its one key, at most. @returns null when that is not
 * the same for all keys
 */
function accessOfOneKey({ places }: AclCommand): number | null {
  const [place] = places;
  if (places.length !== 1 || place === undefined) return null;
  if (place.keyword !== null || place.counted || place.unknown) return null;
  if (place.incomplete || place.access === ANY_ACCESS) return place.access;
  return place.varies ? READS_AND_WRITES : place.access;
}

const gates: WeakMap<User, UserGate> = new WeakMap();

/** @param user one of this configuration @returns its gate, made once; null for a full user */
export function gateOf(config: PoolConfig, user: User): UserGate | null {
  if (user.isFull) return null;
  let gate = gates.get(user);
  if (gate === undefined) {
    gate = new UserGate(user, allowedCommands(config));
    gates.set(user, gate);
  }
  return gate;
}
