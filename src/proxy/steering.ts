import { ADDRESSES } from '../net/addresses/address-book.ts';
import { samePlace } from '../net/addresses/place.ts';
import { millis } from './engine/clock.ts';
import type { Pool } from './pool/pool.ts';
import type { ReaderAddress } from './pool/replicas/server-readers.ts';
import type { Server } from './pool/server.ts';
import type { SlotNode } from './pool/slots/cluster-slots.ts';

/** What becomes of a server whose master is followed, by the names of its pool and its own. */
export type SteeringOrder = MasterOrder | ReadersOrder | SlotsOrder | PeersOrder;

interface MasterOrder {
  readonly pool: string;
  readonly server: string;
  /**
   * Its requests wait until it is released or moved, and after `failover_wait` get an error; they
   * go to it again; it is another one from now on, on the same part of the keys.
   */
  readonly action: 'hold' | 'release' | 'move';
  /** Where it moves to, or is. */
  readonly host: string;
  readonly port: number;
  /** The configuration epoch by which it is so; higher is newer. */
  readonly epoch: number;
}

/** Where its reads go. */
interface ReadersOrder {
  readonly pool: string;
  readonly server: string;
  readonly action: 'read';
  readonly readers: readonly ReaderAddress[];
}

/** Who has which slots of a pool's cluster. */
interface SlotsOrder {
  readonly pool: string;
  readonly action: 'map';
  readonly map: { readonly nodes: readonly SlotNode[] };
}

/** Which other proxies of a pool are not there. */
interface PeersOrder {
  readonly pool: string;
  readonly action: 'peers';
  readonly down: readonly string[];
}

/** Has a server be what is wanted; where none of that name is followed nothing happens. */
export function steer(pools: readonly Pool[], order: SteeringOrder): void {
  const pool = pools.find(({ config }) => config.name === order.pool);
  if (pool === undefined) return;
  if (order.action === 'peers') {
    pool.setPeersDown(order.down);
  } else if (order.action === 'map') {
    pool.toldAt = millis();
    pool.applySlots(order.map.nodes);
  } else {
    const server = pool.servers.find(({ name }) => name === order.server);
    if (server === undefined) return;
    if (order.action === 'read') {
      server.readers?.set(order.readers);
    } else {
      pool.toldAt = millis();
      steerMaster(server, order);
    }
  }
}

function steerMaster(server: Server, order: MasterOrder): void {
  if (server.failover !== null) server.failover.epoch = order.epoch;
  if (order.action === 'move') server.moveTo(order.host, order.port);
  else if (order.action === 'release') server.failover?.release();
  else {
    if (!samePlace(server.config, order)) server.moveTo(order.host, order.port);
    server.failover?.hold();
  }
}

/**
 * Says where names lead from now on. Connections to a server that is elsewhere now, or to a
 * replica, take no more requests, and close when what is in flight is answered.
 * @param addresses null = whoever connects looks the name up
 */
export function setAddresses(
  pools: readonly Pool[],
  addresses: readonly (readonly [host: string, address: string | null])[],
): void {
  const moved = new Set<string>();
  for (const [host, address] of addresses) {
    const before = ADDRESSES.addressOf(host);
    ADDRESSES.set(host, address);
    if (address !== null && before !== address && before !== host) moved.add(host);
  }
  if (moved.size === 0) return;
  for (const { servers } of pools) {
    for (const server of servers) {
      server.readers?.retire(moved);
      if (!moved.has(server.config.host)) continue;
      server.pool.moves++;
      server.places.retireAll();
      for (const leases of [server.bulk, server.pool.leases]) leases.closeIdle(server);
    }
  }
}
