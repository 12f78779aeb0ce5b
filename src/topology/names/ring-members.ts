import {
  MEMBERS_AGAIN_MS,
  MEMBERS_HOLD_MS,
  MEMBERS_PACE_MS,
  MEMBERS_TICK_MS,
} from '../../limits.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import type { Heard } from './lookups.ts';

/** What SRV records list by their name: `host:port` each, in an order of their own. */
export type MemberLists = Readonly<Record<string, readonly string[]>>;

/** What rings need of whoever knows what SRV records list, and makes rings of it. */
export interface RingMembersOptions {
  readonly clock: Clock;
  /** Null = it is not known yet. */
  heard(name: string): Heard<readonly Address[]> | null;
  /** Has rings made of these: then follow() is called. Rejects when they stay as they are. */
  change(members: MemberLists): Promise<void>;
  /** One line for the log. */
  say(text: string): void;
}

/** A list that rings are made of, for people. */
export interface MembersView {
  readonly name: string;
  readonly members: readonly string[];
  /** What is listed and not in the rings yet, and what is in them and not listed any more. */
  readonly coming: readonly string[];
  readonly leaving: readonly string[];
  /** Why the rings are as they are: empty = they are as listed. */
  readonly waits: string;
}

/** Why a list is not taken; empty = it may be. */
type Wait = '' | 'frozen' | 'heard once' | 'too few';

/**
 * What rings are made of, of all that SRV records list. A list that is another is taken with care,
 * since keys move with it: one from which members are missing only when it is heard again, one from
 * which most are missing when it has stayed so for a while, and no more than one in a while.
 */
export class RingMembers {
  readonly #options: RingMembersOptions;
  #names: readonly string[] = [];
  #taken: MemberLists;
  #changedAt = Number.NEGATIVE_INFINITY;
  /** When that went wrong: not even the first servers of a ring are tried all the time. */
  #failedAt = Number.NEGATIVE_INFINITY;
  #changing = false;
  #frozen = false;
  /** Names of which it is told that most members are missing. */
  readonly #told: Set<string> = new Set();
  #cancel: () => void = () => {};
  /** Rings that were made anew, and that could not be. */
  changes = 0;
  errors = 0;

  /** @param taken what another process has made rings of */
  constructor(options: RingMembersOptions, taken: MemberLists = {}) {
    this.#options = options;
    this.#taken = taken;
  }

  /** Rings are made of what these names list. @param taken what they are made of now */
  follow(names: readonly string[], taken: MemberLists): void {
    this.#names = names;
    this.#taken = taken;
    this.#tick();
  }

  /** What rings are made of. */
  get taken(): MemberLists {
    return this.#taken;
  }

  set frozen(frozen: boolean) {
    this.#frozen = frozen;
  }

  get views(): MembersView[] {
    return this.#names.map((name) => {
      const members = this.#taken[name] ?? [];
      const listed = this.#listed(name) ?? members;
      const coming = without(listed, members);
      const leaving = without(members, listed);
      const isSame = coming.length + leaving.length === 0;
      const waits = isSame ? (members.length === 0 ? NOBODY : '') : WAITS[this.#waitOf(name)];
      return { name, members, coming, leaving, waits };
    });
  }

  #listed(name: string): readonly string[] | null {
    return this.#options.heard(name)?.value.map(addressText) ?? null;
  }

  #tick(): void {
    this.#cancel();
    if (this.#names.length === 0) return;
    this.#cancel = this.#options.clock.after(MEMBERS_TICK_MS, () => this.#tick());
    if (!this.#changing) this.#review();
  }

  #review(): void {
    const due = this.#names.filter((name) => {
      const listed = this.#listed(name);
      if (listed === null) return false;
      if (!sameTexts(this.#taken[name] ?? [], listed)) return this.#isDue(name);
      this.#told.delete(name);
      return false;
    });
    const isFirst = due.some((name) => this.#taken[name] === undefined);
    const since = this.#options.clock.now() - (isFirst ? this.#failedAt : this.#changedAt);
    if (due.length > 0 && since >= MEMBERS_PACE_MS) void this.#change(due);
  }

  #isDue(name: string): boolean {
    const wait = this.#waitOf(name);
    if (wait === 'too few' && !this.#told.has(name)) {
      this.#told.add(name);
      const before = this.#taken[name]?.length;
      const listed = this.#listed(name) as readonly string[];
      const text = `${name} lists ${listed.length}, and rings are made of ${before} that it listed`;
      this.#options.say(
        `${text}: they stay until that has been so for ${MEMBERS_HOLD_MS / 1000} s`,
      );
    }
    return wait === '';
  }

  #waitOf(name: string): Wait {
    const heard = this.#options.heard(name);
    const taken = this.#taken[name];
    if (this.#frozen) return 'frozen';
    if (heard === null || taken === undefined) return '';
    const gone = without(taken, heard.value.map(addressText)).length;
    const stood = heard.heardAt - heard.since;
    if (gone > 0 && stood < MEMBERS_AGAIN_MS) return 'heard once';
    return 2 * gone > taken.length && stood < MEMBERS_HOLD_MS ? 'too few' : '';
  }

  async #change(due: readonly string[]): Promise<void> {
    this.#changing = true;
    const lists = due.map((name) => [name, this.#listed(name) as readonly string[]] as const);
    // One that no ring can be made of holds up no other.
    if (!(await this.#changeTo(lists)) && lists.length > 1) {
      for (const list of lists) await this.#changeTo([list]);
    }
    this.#changedAt = this.#options.clock.now();
    this.#changing = false;
  }

  /** @returns whether rings are made of these now */
  async #changeTo(lists: readonly (readonly [string, readonly string[]])[]): Promise<boolean> {
    try {
      await this.#options.change(Object.fromEntries(lists));
      this.changes++;
      return true;
    } catch {
      // It is told and counted where it failed; the rings stay, and it is tried again.
      this.errors++;
      this.#failedAt = this.#options.clock.now();
      return false;
    }
  }

  stop(): void {
    this.#cancel();
    this.#names = [];
  }
}

const NOBODY = 'SRV lists nobody yet';

const WAITS: Readonly<Record<Wait, string>> = {
  '': 'the ring is about to change',
  frozen: 'the topology is frozen',
  'heard once': 'some are missing, and that was heard once',
  'too few': `more than half are missing: the ring stays for ${MEMBERS_HOLD_MS / 1000} s`,
};

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return all.filter((each) => !known.has(each));
}

/** Lists have an order of their own. */
function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
