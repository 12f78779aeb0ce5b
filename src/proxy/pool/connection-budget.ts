import { ASSERTS, assert } from '../../assert.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';

/** Connections that are not closed to make room for another. */
export type Spared = readonly (BackendConnection | null)[];

export const NONE_SPARED: Spared = [];

/** A server that has connections which could be closed. */
export interface Evictable {
  /** The idle connection that was used longest ago, here or before; none of `spared`. */
  leastUsed(other: BackendConnection | null, spared: Spared): BackendConnection | null;
}

/** Counts the connections of a pool to its servers, and closes idle ones to make room. */
export class ConnectionBudget {
  readonly #servers: () => readonly Evictable[];
  /** Connections in all; the servers' own first ones fit in any case. */
  limit = 0;
  #count = 0;

  constructor(servers: () => readonly Evictable[]) {
    this.#servers = servers;
  }

  /** Connections that there are. */
  get open(): number {
    return this.#count;
  }

  onOpened(): void {
    this.#count++;
  }

  onClosed(): void {
    if (ASSERTS) assert(this.#count > 0, 'no more connections close than were opened');
    this.#count--;
  }

  /**
   * Makes room for one more.
   * @returns false when every connection is in use
   */
  makeRoom(spared: Spared = NONE_SPARED): boolean {
    if (this.#count < this.limit) return true;
    let oldest: BackendConnection | null = null;
    for (const server of this.#servers()) oldest = server.leastUsed(oldest, spared);
    oldest?.close();
    return oldest !== null;
  }
}
