import {
  MEMBERS_AGAIN_MS,
  MEMBERS_FLOOR_MS,
  MEMBERS_HOLD_MS,
  MEMBERS_LATE_MS,
  SRV_MEMBERS,
} from '../../limits.ts';

/** Why a ring is not as its name lists it; empty = it may be. */
export type Wait = '' | 'heard once' | 'too few' | 'shrinking';

/** What one name lists, as it was heard last. */
export interface HeardList {
  readonly members: readonly string[];
  readonly at: number;
}

/** What rings are to be made of, and what of the list they are not made of. */
export interface Plan {
  readonly next: readonly string[];
  readonly wait: Wait;
  /** Those that are not listed and stay, since too many would go. */
  readonly withheld: readonly string[];
}

/** One that is listed, or was a moment ago, or that rings are made of. */
interface Seen {
  /** When it was listed first, of late. */
  readonly since: number;
  /** The first answer that it is missing from; null = it is listed. */
  missing: number | null;
  /** It was missing, and listed again. */
  isBack: boolean;
}

const LONG_AGO = Number.NEGATIVE_INFINITY;

/**
 * What rings make of one name: members come and go with care, since keys move with each. Each is
 * looked at by itself, so that one that comes and goes all the time holds up no other.
 */
export class MemberList {
  /** Null = no ring is made of it yet. */
  #taken: readonly string[] | null;
  #heard: HeardList | null = null;
  #seen: Map<string, Seen> = new Map();
  /** The first answer in a row that more than half of them are missing from. */
  #fewSince: number | null = null;
  /** How many were in the rings and listed, and when: less and less, none is too old. */
  #sizes: { readonly at: number; readonly size: number }[] = [];
  #accepted: readonly string[] | null = null;

  /** @param taken what rings are made of, all of it listed a moment ago */
  constructor(taken: readonly string[] | null, now: number) {
    this.#taken = taken;
    if (taken === null) return;
    for (const member of taken) this.#see(member, LONG_AGO, null);
    this.#sizes.push({ at: now, size: taken.length });
  }

  get taken(): readonly string[] | null {
    return this.#taken;
  }

  /** Rings are made of these by now. */
  set taken(taken: readonly string[] | null) {
    if (this.#accepted !== null && sameTexts(this.#accepted, taken ?? [])) {
      this.#accepted = null;
      this.#sizes = [];
    }
    for (const member of without(this.#taken ?? [], taken ?? [])) {
      if (this.#seen.get(member)?.missing !== null) this.#seen.delete(member);
    }
    this.#taken = taken;
    if (!this.#isFew) this.#fewSince = null;
  }

  get heard(): HeardList | null {
    return this.#heard;
  }

  /** What it lists, as far as that is known. */
  get listed(): readonly string[] {
    return this.#heard?.members ?? this.#taken ?? [];
  }

  /** Time goes by: looks at the last answer, which may be the same. */
  note(heard: HeardList | null, now: number): void {
    if (heard !== null && heard.at !== this.#heard?.at) this.#take(heard);
    if (this.#heard !== null && this.#taken !== null) this.#measure(now);
  }

  #take(heard: HeardList): void {
    this.#heard = heard;
    const { members, at } = heard;
    const listed = new Set(members);
    const taken = new Set(this.#taken);
    if (this.#accepted !== null && !sameTexts(this.#accepted, members)) this.#accepted = null;
    for (const [member, seen] of this.#seen) {
      if (listed.has(member)) continue;
      seen.missing ??= at;
      if (!taken.has(member) && at - seen.missing >= MEMBERS_AGAIN_MS) this.#seen.delete(member);
    }
    for (const member of members) {
      const seen = this.#seen.get(member) ?? this.#see(member, at, null);
      if (seen.missing !== null) seen.isBack = true;
      seen.missing = null;
    }
    for (const member of taken) {
      if (!this.#seen.has(member)) this.#see(member, at, at);
    }
    if (!this.#isFew) this.#fewSince = null;
    else this.#fewSince ??= at;
  }

  #see(member: string, since: number, missing: number | null): Seen {
    const seen = { since, missing, isBack: false };
    this.#seen.set(member, seen);
    return seen;
  }

  /** Those that were added a moment ago do not count: it may have been by mistake. */
  #measure(now: number): void {
    const size = (this.#taken ?? []).filter((member) => {
      const seen = this.#seen.get(member);
      return seen?.missing === null && now - seen.since >= MEMBERS_HOLD_MS;
    }).length;
    while ((this.#sizes.at(-1)?.size ?? Infinity) <= size) this.#sizes.pop();
    this.#sizes.push({ at: now, size });
    while (this.#sizes[0].at <= now - MEMBERS_FLOOR_MS) this.#sizes.shift();
  }

  /** The most that were in the rings, and listed for a while, of late. */
  get #most(): number {
    return this.#sizes[0]?.size ?? 0;
  }

  /** Those that rings are made of and the last answer does not list. */
  get #gone(): readonly string[] {
    return without(this.#taken ?? [], this.listed);
  }

  get #isFew(): boolean {
    return 2 * this.#gone.length > (this.#taken?.length ?? 0);
  }

  /** An operator knows that the list is right. @returns false when no other one is known */
  accept(): boolean {
    if (this.#heard === null || sameTexts(this.#heard.members, this.#taken ?? [])) return false;
    this.#accepted = this.#heard.members;
    return true;
  }

  /** What rings are to be made of now. */
  get plan(): Plan {
    const taken = this.#taken;
    const { members, at } = this.#heard ?? { members: taken ?? [], at: 0 };
    if (taken === null || this.#accepted !== null) return { next: members, wait: '', withheld: [] };
    const gone = this.#gone;
    const few = this.#fewSince;
    if (few !== null && at - few < MEMBERS_HOLD_MS) {
      return { next: taken, wait: 'too few', withheld: gone };
    }
    const patience = few === null ? MEMBERS_AGAIN_MS : MEMBERS_HOLD_MS;
    const over = gone.filter((member) => this.#absence(member, at) >= patience);
    const isUnsure = few === null && over.length < gone.length;
    if (isUnsure && !this.#isLate(over, at)) {
      return { next: taken, wait: 'heard once', withheld: [] };
    }
    return this.#planOf(gone, over, few !== null);
  }

  /** Others come and go all the time: who waits for a quiet moment has waited long enough. */
  #isLate(over: readonly string[], at: number): boolean {
    const coming = without(this.listed, this.#taken ?? []);
    const waited = coming.map((member) => at - (this.#seen.get(member)?.since ?? at));
    const missed = over.map((member) => this.#absence(member, at));
    return [...waited, ...missed].some((ms) => ms >= MEMBERS_LATE_MS);
  }

  #planOf(gone: readonly string[], over: readonly string[], isFew: boolean): Plan {
    const taken = this.#taken as readonly string[];
    const stay = without(taken, over);
    const next = this.#withComing(stay);
    if (over.length > 0 && 2 * next.length < this.#most) {
      return { next: this.#withComing(taken), wait: 'shrinking', withheld: gone };
    }
    const kept = without(gone, over);
    const wait = isFew ? 'too few' : 'heard once';
    return { next, wait: kept.length > 0 ? wait : '', withheld: isFew ? kept : [] };
  }

  /** For how long, up to the last answer, it has been missing. */
  #absence(member: string, at: number): number {
    return at - (this.#seen.get(member)?.missing ?? at);
  }

  /** As many as there is room for, in the order of lists. */
  #withComing(stay: readonly string[]): readonly string[] {
    const { members, at } = this.#heard ?? { members: [], at: 0 };
    // One that is missing from every other answer is not kept out by that for ever.
    const starved = [...this.#seen].flatMap(([member, { since, missing, isBack }]) => {
      return missing !== null && isBack && at - since >= MEMBERS_LATE_MS ? [member] : [];
    });
    const coming = without([...members, ...starved], this.#taken ?? []);
    const room = Math.max(0, SRV_MEMBERS - stay.length);
    return [...stay, ...coming.slice(0, room)].sort((a, b) => (a < b ? -1 : 1));
  }
}

/** Those of a list that are not in another one. */
export function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return all.filter((each) => !known.has(each));
}

/** Lists have an order of their own. */
export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
