import { RingwayError } from '../errors.ts';
import { SENTINEL_POLL_MS, SENTINEL_TROUBLE_MS, SENTINEL_TROUBLE_POLL_MS } from '../limits.ts';
import type { Clock } from './clock.ts';
import type { Address, MasterFacts, SentinelEvent } from './facts.ts';
import { type SentinelAccess, SentinelLink } from './sentinel-link.ts';

/** The watch of one shard, as sentinels see it. */
export interface MasterListener {
  onView(
    sentinel: number,
    facts: MasterFacts,
    replicas: ReadonlySet<string>,
    healthy: ReadonlySet<string>,
  ): void;
  onSilence(sentinel: number): void;
  onEvent(sentinel: number, event: SentinelEvent): void;
  /** Time goes by. */
  onTick(): void;
}

/**
 * The sentinels that watch a number of masters: each is asked about every master every few seconds,
 * and more often while there is trouble. One for all pools that name the same sentinels.
 */
export class SentinelSet {
  readonly #clock: Clock;
  readonly #links: readonly SentinelLink[];
  readonly #listeners: Map<string, Set<MasterListener>> = new Map();
  readonly #trouble: Map<string, number> = new Map();
  #cancel: () => void = () => {};
  #polledAt: number;

  constructor(
    sentinels: readonly Address[],
    access: SentinelAccess,
    clock: Clock,
    say: (text: string) => void,
  ) {
    this.#clock = clock;
    this.#polledAt = clock.now();
    this.#links = sentinels.map((address, sentinel) => {
      const listeners = (master: string): Iterable<MasterListener> =>
        this.#listeners.get(master) ?? [];
      const masters = { [Symbol.iterator]: () => this.#listeners.keys() };
      return new SentinelLink(address, access, clock, {
        masters,
        onView: (master, facts, replicas, healthy) => {
          for (const each of listeners(master)) each.onView(sentinel, facts, replicas, healthy);
        },
        onSilence: (master) => {
          for (const each of listeners(master)) each.onSilence(sentinel);
        },
        onEvent: (event) => {
          for (const each of listeners(event.master)) each.onEvent(sentinel, event);
        },
        say,
      });
    });
    this.#tick();
  }

  #tick(): void {
    this.#cancel = this.#clock.after(SENTINEL_TROUBLE_POLL_MS, () => this.#tick());
    const now = this.#clock.now();
    const all = now - this.#polledAt >= SENTINEL_POLL_MS;
    if (all) this.#polledAt = now;
    for (const [master, until] of this.#trouble) if (until <= now) this.#trouble.delete(master);
    const asked = all ? this.#listeners.keys() : this.#trouble.keys();
    for (const master of [...asked]) this.ask(master);
    for (const listeners of this.#listeners.values()) {
      for (const each of listeners) each.onTick();
    }
  }

  /** Asks all sentinels about a master now. */
  ask(master: string): void {
    for (const link of this.#links) link.ask(master);
  }

  /** Requests wait for this master: it is asked about often for a while. */
  onTrouble(master: string): void {
    this.#trouble.set(master, this.#clock.now() + SENTINEL_TROUBLE_MS);
    this.ask(master);
  }

  add(master: string, listener: MasterListener): void {
    const listeners = this.#listeners.get(master);
    if (listeners === undefined) this.#listeners.set(master, new Set([listener]));
    else listeners.add(listener);
    this.ask(master);
  }

  remove(master: string, listener: MasterListener): void {
    const listeners = this.#listeners.get(master);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(master);
    this.#trouble.delete(master);
    for (const link of this.#links) link.forget(master);
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** Those that answer, and how many there are. */
  get up(): readonly [up: number, all: number] {
    return [this.#links.filter(({ up }) => up).length, this.#links.length];
  }

  /**
   * Has a sentinel replace a master by one of its replicas.
   * @throws RingwayError with what it says when it does not
   */
  failover(master: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const link = this.#links.find(({ up }) => up);
      const asked = link?.failover(master, (error) => {
        if (error === null) resolve(link.name);
        else reject(new RingwayError('RINGWAY_USAGE', `sentinel ${link.name} says: ${error}`));
      });
      if (asked !== true) reject(new RingwayError('RINGWAY_USAGE', 'no sentinel can be asked'));
    });
  }

  close(): void {
    this.#cancel();
    for (const link of this.#links) link.close();
  }
}
