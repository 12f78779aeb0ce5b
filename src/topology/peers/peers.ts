import { PEER_PING_MS } from '../../limits.ts';
import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import type { Address } from '../facts.ts';
import { PeerLink } from './peer-link.ts';

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
  #cancel: (() => void) | null = null;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Asks these from now on; those that are asked already go on. */
  follow(specs: readonly PeerSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.pool, spec]));
    for (const [pool, { key, links }] of this.#followed) {
      const spec = wanted.get(pool);
      if (spec !== undefined && JSON.stringify(spec) === key) continue;
      for (const link of links) link.close();
      this.#followed.delete(pool);
      this.#options.steer({ pool, action: 'peers', down: [] });
    }
    for (const spec of specs) {
      if (this.#followed.has(spec.pool)) continue;
      const { clock } = this.#options;
      const links = spec.peers.map((address) => new PeerLink(address, spec.tls, clock));
      this.#followed.set(spec.pool, { key: JSON.stringify(spec), links, down: [] });
    }
    if (this.#followed.size === 0) this.#stop();
    else if (this.#cancel === null) this.#arm();
  }

  #arm(): void {
    this.#cancel = this.#options.clock.after(PEER_PING_MS, () => {
      this.#arm();
      for (const [pool, followed] of this.#followed) this.#look(pool, followed);
    });
  }

  #look(pool: string, followed: Followed): void {
    const { links, down: before } = followed;
    for (const link of links) link.onTick();
    const down = links.filter(({ alive }) => !alive).map(({ name }) => name);
    if (down.length === before.length && down.every((name, i) => name === before[i])) return;
    followed.down = down;
    const { steer, say } = this.#options;
    for (const name of down) {
      if (!before.includes(name)) say(`proxy ${name} is away: clients are told of others`, pool);
    }
    for (const name of before) if (!down.includes(name)) say(`proxy ${name} is back`, pool);
    steer({ pool, action: 'peers', down });
  }

  /** For another process. */
  get known(): KnownPeers[] {
    return [...this.#followed].flatMap(([pool, { down }]) => {
      return down.length === 0 ? [] : [{ pool, down }];
    });
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  stop(): void {
    this.follow([]);
  }
}
