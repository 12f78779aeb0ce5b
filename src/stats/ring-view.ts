import type { PoolConfig } from '../config/index.ts';
import { placeOf, ringShares } from '../distribution/shares.ts';
import { SLOTS } from '../distribution/slots.ts';
import type { Pool } from '../proxy/pool/pool.ts';
import { ringOf } from '../proxy/pool/pool-ring.ts';

/** How a pool's ring looks at the moment. */
export interface RingView {
  /** The part of all hash values that each server gets, by server index. */
  readonly shares: readonly number[];
  /** Owners, as server indices, of equally spaced hash values: a picture of the ring. */
  readonly cells: readonly number[];
}

const CELLS = 720;

interface Cached {
  readonly config: PoolConfig;
  readonly live: string;
  readonly ringNumber: number;
  readonly view: RingView;
}

const cache: WeakMap<Pool, Cached> = new WeakMap();

/** The view of a pool's ring, made anew when a server has left it or come back. */
export function ringView(pool: Pool): RingView {
  const live = pool.servers.map((server) => (pool.health.isLive(server.index) ? 1 : 0));
  const key = live.join('');
  const cached = cache.get(pool);
  const { ringNumber } = pool;
  const isSame = cached?.ringNumber === ringNumber && cached.config === pool.config;
  if (isSame && cached.live === key) return cached.view;
  const ring = ringOf(pool.config, live, pool.slots?.table);
  const cells: number[] = [];
  const isSlotted = ring.owners !== undefined;
  if (ring.distribution === 'ketama' || ring.single || isSlotted) {
    const hashes = pool.config.hash === 'crc32' ? 2 ** 15 : 2 ** 32;
    const range = isSlotted ? SLOTS : hashes;
    for (let i = 0; i < CELLS; i++) {
      cells.push(placeOf(ring, Math.floor(((i + 0.5) / CELLS) * range))?.server ?? -1);
    }
  }
  const view = { shares: ringShares(ring, live.length, pool.config.hash), cells };
  cache.set(pool, { config: pool.config, live: key, ringNumber, view });
  return view;
}
