import { PEER_PING_MS } from '../../limits.ts';
import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import { type Lookups, PeerLink } from './peer-link.ts';

/** Other proxies that clients of a pool are told of. */
export interface PeerSpec {
  readonly pool: string;
  readonly peers: readonly Address[];
  /** How they are reached; null = without TLS. */
  readonly tls: DialTarget['tls'];
}

/** Which of them are not there, as `host:port`, for those who answer clients. */
export interface PeersStep {
  readonly pool: string;
  readonly action: 'peers';
  readonly down: readonly string[];
}

/** The same for another process. */
export interface KnownPeers {
  readonly pool: string;
  readonly down: readonly string[];
}

/** What peers need of whoever runs them. */
export interface PeersOptions {
  readonly clock: Clock;
  steer(step: PeersStep): void;
  say(text: string, pool: string): void;
}

interface Followed {
  readonly key: string;
  readonly links: readonly PeerLink[];
  down: readonly string[];
}

/** Finds out which other proxies are there. There is one for all processes of a proxy. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #followed: Map<string, Followed> = new Map();
  readonly #lookups: Lookups = { under: 0 };
  #ticks = 0;
  #cancel: (() => void) | null = null;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /**
   * Asks these from now on; those that are asked already go on.
   * @param known what another process has found out
   */
  follow(specs: readonly PeerSpec[], known: readonly KnownPeers[] = []): void {
    const before = new Map(this.#followed);
    this.#followed.clear();
    for (const spec of specs) {
      const { pool } = spec;
      const old = before.get(pool);
      if (old?.key === JSON.stringify(spec)) {
        before.delete(pool);
        this.#followed.set(pool, old);
        continue;
      }
      const { down } = old ?? known.find((each) => each.pool === pool) ?? { down: [] };
      const fresh = this.#newFollowed(spec, down);
      this.#followed.set(pool, fresh);
      if (down.length > 0) this.#options.steer({ pool, action: 'peers', down: fresh.down });
    }
    for (const [pool, { links }] of before) {
      for (const link of links) link.close();
      if (this.#followed.has(pool)) continue;
      this.#options.steer({ pool, action: 'peers', down: [] });
    }
    if (this.#followed.size === 0) this.#stop();
    else if (this.#cancel === null) this.#arm();
  }

  /** @param missed those that were away: they are until they answer */
  #newFollowed(spec: PeerSpec, missed: readonly string[]): Followed {
    const shared = { clock: this.#options.clock, lookups: this.#lookups };
    const links = spec.peers.map((address) => {
      return new PeerLink(address, spec.tls, shared, missed.includes(addressText(address)));
    });
    return { key: JSON.stringify(spec), links, down: namesOf(links) };
  }

  #arm(): void {
    const { clock } = this.#options;
    const due = clock.now() + PEER_PING_MS;
    this.#cancel = clock.after(PEER_PING_MS, () => {
      this.#arm();
      this.#tick(Math.max(0, clock.now() - due));
      for (const [pool, followed] of this.#followed) this.#look(pool, followed);
    });
  }

  /** @param lateMs for so long this process stood still: nobody could be heard */
  #tick(lateMs: number): void {
    const all = [...this.#followed.values()].flatMap(({ links }) => links);
    // Each is the first in turn: names are looked up a few at a time.
    const first = this.#ticks++ % all.length;
    for (const link of [...all.slice(first), ...all.slice(0, first)]) link.onTick(lateMs);
  }

  #look(pool: string, followed: Followed): void {
    const { links, down: before } = followed;
    const down = namesOf(links);
    if (down.length === before.length && down.every((name, i) => name === before[i])) return;
    followed.down = down;
    const { steer, say } = this.#options;
    for (const name of down) {
      if (!before.includes(name)) say(`proxy ${name} is away: clients are told of others`, pool);
    }
    for (const name of before) if (!down.includes(name)) say(`proxy ${name} is back`, pool);
    steer({ pool, action: 'peers', down });
  }

  /** For another process, also that all are there: it may have heard otherwise. */
  get known(): KnownPeers[] {
    return [...this.#followed].map(([pool, { down }]) => ({ pool, down }));
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  stop(): void {
    this.follow([]);
  }
}

/** Of those that are not there. */
function namesOf(links: readonly PeerLink[]): string[] {
  return links.filter(({ alive }) => !alive).map(({ name }) => name);
}
