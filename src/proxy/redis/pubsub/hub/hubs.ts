import type { Pool } from '../../../pool/pool.ts';
import { Hub } from './hub.ts';

const hubs: WeakMap<object, Hub> = new WeakMap();

/** The hub of a pool, made when the first client subscribes. */
export function hubOf(pool: Pool): Hub {
  let hub = hubs.get(pool);
  if (hub === undefined) {
    hub = new Hub(pool);
    hubs.set(pool, hub);
  }
  return hub;
}

/** As hubOf(), of a pool in which nobody may have subscribed yet. */
export function knownHubOf(pool: object): Hub | undefined {
  return hubs.get(pool);
}
