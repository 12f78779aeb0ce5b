import {
  MEMBERS_FLOOR_MS,
  MEMBERS_HOLD_MS,
  MEMBERS_PACE_MS,
  MEMBERS_TICK_MS,
  NAME_LOG_MS,
} from '../../limits.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import type { Heard } from './lookups.ts';
import { MemberList, type Plan, sameTexts, type Wait, without } from './member-list.ts';

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
  /** Those of the last that stay, since too many would go. */
  readonly withheld: readonly string[];
  /** Why the rings are as they are: empty = they are as listed. */
  readonly waits: string;
}

/** A name that rings are made of, and what was told of it when. */
interface Entry {
  readonly list: MemberList;
  /** Why its members stayed at the last look. */
  wait: Wait;
  readonly toldAt: Map<Wait, number>;
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

/**
 * What rings are made of, of all that SRV records list: each name with care, and all of them no
 * more than once in a while, since keys move with it.
 */
export class RingMembers {
  readonly #options: RingMembersOptions;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #taken: MemberLists;
  #changedAt = LONG_AGO;
  /** When that went wrong: not even the first servers of a ring are tried all the time. */
  #failedAt = LONG_AGO;
  #changing = false;
  #frozen = false;
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
    const before = this.#entries;
    this.#taken = taken;
    this.#entries = new Map(
      names.map((name) => [name, this.#entryOf(before.get(name), listOf(taken, name))]),
    );
    this.#tick();
  }

  #entryOf(before: Entry | undefined, taken: readonly string[] | null): Entry {
    if (before === undefined) {
      const list = new MemberList(taken, this.#options.clock.now());
      return { list, wait: '', toldAt: new Map() };
    }
    before.list.taken = taken;
    return before;
  }

  /** What rings are made of. */
  get taken(): MemberLists {
    return this.#taken;
  }

  set frozen(frozen: boolean) {
    this.#frozen = frozen;
  }

  get views(): MembersView[] {
    return [...this.#entries].map(([name, { list }]) => {
      this.#listen(name, list);
      const { listed } = list;
      const members = list.taken ?? [];
      const coming = without(listed, members);
      const leaving = without(members, listed);
      const { withheld } = list.plan;
      return { name, members, coming, leaving, withheld, waits: this.#waitsOf(list) };
    });
  }

  #waitsOf(list: MemberList): string {
    const members = list.taken ?? [];
    if (sameTexts(members, list.listed)) return members.length === 0 ? NOBODY : '';
    return this.#frozen ? 'the topology is frozen' : WAITS[list.plan.wait];
  }

  /**
   * An operator knows that a name lists who there is, however many are missing.
   * @returns whether others are known than rings are made of; null = no ring is made of the name
   */
  accept(name: string): boolean | null {
    const list = this.#entries.get(name)?.list;
    if (list === undefined) return null;
    this.#listen(name, list);
    if (!list.accept()) return false;
    this.#changedAt = LONG_AGO;
    this.#tick();
    return true;
  }

  #tick(): void {
    this.#cancel();
    if (this.#entries.size === 0) return;
    this.#cancel = this.#options.clock.after(MEMBERS_TICK_MS, () => this.#tick());
    if (!this.#changing) this.#review();
  }

  #review(): void {
    const { clock } = this.#options;
    const due = new Map<string, readonly string[]>();
    for (const [name, entry] of this.#entries) {
      this.#listen(name, entry.list);
      const { plan, taken } = entry.list;
      if (entry.list.heard === null || this.#frozen) continue;
      this.#tell(name, entry, plan);
      if (taken === null || !sameTexts(taken, plan.next)) due.set(name, plan.next);
    }
    const isFirst = [...due.keys()].some((name) => this.#entries.get(name)?.list.taken === null);
    const since = clock.now() - (isFirst ? this.#failedAt : this.#changedAt);
    if (due.size > 0 && since >= MEMBERS_PACE_MS) void this.#change([...due]);
  }

  #listen(name: string, list: MemberList): void {
    const { clock, heard } = this.#options;
    const answer = heard(name);
    const members = answer?.value.map(addressText) ?? [];
    list.note(answer && { members, at: answer.heardAt }, clock.now());
  }

  /** Once each time that members begin to be withheld, but not all the time. */
  #tell(name: string, entry: Entry, { wait, withheld }: Plan): void {
    const { clock, say } = this.#options;
    if (wait === entry.wait) return;
    entry.wait = wait;
    const now = clock.now();
    if (withheld.length === 0 || now - (entry.toldAt.get(wait) ?? LONG_AGO) < NAME_LOG_MS) return;
    entry.toldAt.set(wait, now);
    const { listed, taken } = entry.list;
    const what = `${name} lists ${listed.length}, and rings are made of ${taken?.length}`;
    say(`${what}: ${WAITS[wait]}`);
  }

  async #change(lists: readonly (readonly [string, readonly string[]])[]): Promise<void> {
    this.#changing = true;
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
    this.#entries = new Map();
  }
}

const NOBODY = 'SRV lists nobody yet';

const HOLD_TEXT = `${MEMBERS_HOLD_MS / 1000} s`;
const FLOOR_TEXT = `${MEMBERS_FLOOR_MS / 60_000} min`;

const WAITS: Readonly<Record<Wait, string>> = {
  '': 'the ring is about to change',
  'heard once': 'some are missing, and that was heard once',
  'too few': `more than half are missing: they stay until that has been so for ${HOLD_TEXT}`,
  shrinking:
    `fewer than half of those of the last ${FLOOR_TEXT} would be left: they stay for so long, ` +
    'or until "topology accept"',
};

function listOf(lists: MemberLists, name: string): readonly string[] | null {
  return Object.hasOwn(lists, name) ? (lists[name] as readonly string[]) : null;
}
