import type { Pool } from './pool/pool.ts';
import type { Server } from './pool/server.ts';
import type { SlotNode } from './pool/slots/cluster-slots.ts';

/** Has the servers of pools held, released and moved, by whoever knows where they are. */
export class Steering {
  readonly #pools: () => readonly Pool[];

  constructor(pools: () => readonly Pool[]) {
    this.#pools = pools;
  }

  /** A server of a pool that follows its masters; null when there is none of that name. */
  #followed(pool: string, server: string): Server | null {
    const servers = this.#poolOf(pool)?.servers ?? [];
    return servers.find(({ name, failover }) => name === server && failover !== null) ?? null;
  }

  #poolOf(name: string): Pool | undefined {
    return this.#pools().find(({ config }) => config.name === name);
  }

  /** Its requests wait until it is released or moved; after `failover_wait` they get an error. */
  hold(pool: string, server: string): void {
    this.#followed(pool, server)?.failover?.hold();
  }

  /** Requests go to the server again. */
  release(pool: string, server: string): void {
    this.#followed(pool, server)?.failover?.release();
  }

  /** The server is another one from now on, on the same part of the keys. */
  move(pool: string, server: string, host: string, port: number): void {
    this.#followed(pool, server)?.moveTo(host, port);
  }

  /** Slots of a pool's cluster have other owners from now on. */
  map(pool: string, nodes: readonly SlotNode[]): void {
    this.#poolOf(pool)?.applySlots(nodes);
  }
}
