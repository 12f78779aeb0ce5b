import { ASSERTS, assert } from '../../assert.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';

/** A server that has connections which could be closed. */
export interface Evictable {
  /** The idle connection that was used longest ago, here or before; none of `but`. */
  leastUsed(
    other: BackendConnection | null,
    but: readonly (BackendConnection | null)[],
  ): BackendConnection | null;
}

const NONE: readonly (BackendConnection | null)[] = [];

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
   * Makes room for one more. @param but connections that stay
   * @returns false when every connection is in use
   */
  makeRoom(but: readonly (BackendConnection | null)[] = NONE): boolean {
    if (this.#count < this.limit) return true;
    let oldest: BackendConnection | null = null;
    for (const server of this.#servers()) oldest = server.leastUsed(oldest, but);
    oldest?.close();
    return oldest !== null;
  }
}
