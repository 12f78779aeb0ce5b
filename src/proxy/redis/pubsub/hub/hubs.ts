import type { Pool } from '../../../pool/pool.ts';
import { NOTHING_TO_PREPARE, type Preparation } from '../../../pool/protocol.ts';
import { Hub, type OpenHubs } from './hub.ts';
import type { Kind } from './kinds.ts';

/** Hubs of one client each (`pubsub: own`), as long as they have subscriptions. */
class OwnHubs implements OpenHubs<Hub> {
  readonly #pool: Pool;
  readonly hubs: Set<Hub> = new Set();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  add(hub: Hub): void {
    this.hubs.add(hub);
    this.#count();
  }

  delete(hub: Hub): void {
    if (!this.hubs.delete(hub)) return;
    this.#count();
    this.#pool.leases.serveNext();
  }

  #count(): void {
    this.#pool.subscriberConnections = this.hubs.size * this.#pool.servers.length;
  }
}

/** The hubs of one pool. */
interface PoolHubs {
  /** Of all clients that have none of their own. */
  shared: Hub | null;
  readonly own: OwnHubs;
}

const pools: WeakMap<object, PoolHubs> = new WeakMap();

function of(pool: Pool): PoolHubs {
  let hubs = pools.get(pool);
  if (hubs === undefined) {
    hubs = { shared: null, own: new OwnHubs(pool) };
    pools.set(pool, hubs);
  }
  return hubs;
}

/** The hub of a client that subscribes for the first time. */
export function hubFor(pool: Pool): Hub {
  const hubs = of(pool);
  if (pool.config.ownHubs) return new Hub(pool, hubs.own);
  hubs.shared ??= new Hub(pool);
  return hubs.shared;
}

/** The hub that clients of a pool share; null when each has its own. */
export function sharedHubFor(pool: Pool): Hub | null {
  return pool.config.ownHubs ? null : hubFor(pool);
}

/** The hub that clients of a pool share; null when none of them has subscribed yet. */
export function sharedHubOf(pool: object): Hub | null {
  return pools.get(pool)?.shared ?? null;
}

/** All hubs of a pool. */
export function* hubsOf(pool: object): Iterable<Hub> {
  const hubs = pools.get(pool);
  if (hubs === undefined) return;
  if (hubs.shared !== null) yield hubs.shared;
  yield* [...hubs.own.hubs];
}

/** Whether one more client may have connections of its own to all servers, where it needs them. */
export function hasRoomFor(hub: Hub, pool: Pool): boolean {
  if (hub.own === null || hub.open) return true;
  const used = pool.leases.leased + pool.subscriberConnections;
  return used + pool.servers.length <= pool.config.maxLeasedConnections;
}

/** Names of a kind that the clients of this process hear, latin1. */
export function heardNames(pool: object, kind: Kind): Set<string> {
  const names = new Set<string>();
  for (const hub of hubsOf(pool)) for (const { text } of hub.topics.heard(kind)) names.add(text);
  return names;
}

/** Makes all of them ready for another configuration of the pool. */
export function prepareHubs(pool: object, prepare: (hub: Hub) => Preparation): Preparation {
  const all = [...hubsOf(pool)].map(prepare).filter((each) => each !== NOTHING_TO_PREPARE);
  if (all.length === 0) return NOTHING_TO_PREPARE;
  return {
    ready: Promise.all(all.map(({ ready }) => ready)).then(() => {}),
    abort: () => {
      for (const { abort } of all) abort();
    },
  };
}
