import { HUB_LINGER_MS } from '../../../src/limits.ts';
import type { ChannelKind } from '../cases/case.ts';
import { hears } from './airwaves.ts';

/** Microseconds that a listener may not know of its end, and that a proxy may not know of it. */
const GRACE_MICROS = 5_000_000;

/** Whoever may miss something is closed so soon. */
const CLOSED_MICROS = 8_000_000;

/** A hub gives up what nobody hears so late. */
const IDLE_MICROS = HUB_LINGER_MS * 1000;

/** One subscription of one connection: moments in microseconds, Infinity = not yet. */
export interface Subscription {
  readonly proxy: number;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly askedAt: number;
  confirmedAt: number;
  /** It is to end, and it has. */
  leavingAt: number;
  leftAt: number;
  /** The connection has ended, and the network kept that from the proxy. */
  endedAt: number;
  isLost: boolean;
}

/** A count that a client of a proxy was told of: it was asked, and answered, in microseconds. */
export interface ToldCount {
  readonly proxy: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

interface Told extends ToldCount {
  readonly what: string;
  readonly matches: (kind: ChannelKind, name: string) => boolean;
  /** Different names count, not who hears them. */
  readonly byName: boolean;
  /** Hubs of other proxies count, one for each name. */
  readonly withOthers: boolean;
}

/** A server has ended a connection of a proxy over which that heard a topic. */
interface Loss {
  readonly proxy: number;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly at: number;
}

/** Who was subscribed to what, by the listeners' own account, and whether counts agree with that. */
export class Census {
  readonly #subscriptions: Subscription[] = [];
  readonly #told: Told[] = [];
  readonly #losses: Loss[] = [];

  /** Nobody hears that topic of the proxy's clients until it has subscribed again. */
  lost(loss: Loss): void {
    this.#losses.push(loss);
  }

  /** Who may have missed something is told of that: its connection is closed. */
  get gaps(): string[] {
    return this.#losses.flatMap(({ proxy, kind, name, at }) => {
      const until = at + CLOSED_MICROS;
      const left = this.#subscriptions.filter((each) => {
        const isIts = each.proxy === proxy && each.kind === kind && each.name === name;
        const { confirmedAt, leavingAt, endedAt, isLost } = each;
        return isIts && !isLost && confirmedAt < at && leavingAt > until && endedAt > until;
      });
      if (left.length === 0) return [];
      const since = `since ${Math.round(at / 1000)} ms`;
      return [`proxy${proxy} does not close who hears ${kind} ${name}, which it does not ${since}`];
    });
  }

  asked(proxy: number, kind: ChannelKind, name: string, askedAt: number): Subscription {
    const never = Number.POSITIVE_INFINITY;
    const times = { confirmedAt: never, leavingAt: never, leftAt: never, endedAt: never };
    const subscription = { proxy, kind, name, askedAt, ...times, isLost: false };
    this.#subscriptions.push(subscription);
    return subscription;
  }

  /** PUBLISH was answered. */
  published(told: ToldCount, channel: string): void {
    const matches = (kind: ChannelKind, name: string): boolean => hears(kind, name, channel);
    const how = { byName: false, withOthers: true, what: `a message on ${channel}` };
    this.#told.push({ ...told, ...how, matches });
  }

  /** NUMSUB or SHARDNUMSUB was answered. @param name null = NUMPAT was */
  counted(told: ToldCount, kind: ChannelKind, name: string | null): void {
    const matches = (its: ChannelKind, called: string): boolean => {
      return its === kind && (name === null || called === name);
    };
    const how = { byName: name === null, withOthers: false, what: `${kind} ${name ?? '*'}` };
    this.#told.push({ ...told, ...how, matches });
  }

  /** @param mayMiss who hears may have missed something without being told: fewer count */
  complaints(mayMiss: boolean): string[] {
    return this.#told.flatMap((told) => {
      const least = mayMiss ? 0 : this.#count(told, (each) => isThere(each, told));
      const there = this.#count(told, (each) => mayBeThere(each, told));
      const most = there + this.#others(told) + this.#idle(told);
      if (told.count >= least && told.count <= most) return [];
      const { proxy, count, what, to } = told;
      const who = `proxy${proxy} says at ${Math.round(to / 1000)} ms`;
      return [`${who} that ${count} hear ${what}, not ${least} to ${most}`];
    });
  }

  #count({ proxy, matches, byName }: Told, counts: (each: Subscription) => boolean): number {
    const found = this.#subscriptions.filter((each) => {
      return each.proxy === proxy && matches(each.kind, each.name) && counts(each);
    });
    return byName ? new Set(found.map(({ name }) => name)).size : found.length;
  }

  /**
   * Nobody hears it, and the hub of the proxy is subscribed for a while: that may end, and the hub
   * be counted, while the question is under way.
   */
  #idle({ proxy, matches, withOthers, from, to }: Told): number {
    const isIdle = ({ leftAt, endedAt }: Subscription): boolean => {
      const end = Math.min(leftAt, endedAt) + IDLE_MICROS;
      return end >= from && end <= to;
    };
    const names = this.#subscriptions.filter((each) => {
      return each.proxy === proxy && matches(each.kind, each.name) && isIdle(each);
    });
    return withOthers ? new Set(names.map(({ name }) => name)).size : 0;
  }

  #others({ proxy, matches, withOthers, to }: Told): number {
    if (!withOthers) return 0;
    const found = this.#subscriptions.filter((each) => {
      return each.proxy !== proxy && matches(each.kind, each.name) && each.askedAt <= to;
    });
    return new Set(found.map((each) => `${each.proxy} ${each.kind} ${each.name}`)).size;
  }
}

function isThere(of: Subscription, { from, to }: Told): boolean {
  const { confirmedAt, leavingAt, endedAt, isLost } = of;
  return !isLost && confirmedAt <= from && leavingAt > to && endedAt >= to + GRACE_MICROS;
}

function mayBeThere(
  { askedAt, leftAt, endedAt, isLost }: Subscription,
  { from, to }: Told,
): boolean {
  if (askedAt > to || leftAt < from) return false;
  return isLost || endedAt + GRACE_MICROS >= from;
}
