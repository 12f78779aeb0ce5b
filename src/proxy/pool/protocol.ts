import type { PoolConfig } from '../../config/index.ts';
import type { RequestHead } from '../../protocol/request-head.ts';
import type { ServerProtocol } from '../backend/server-protocol.ts';
import type { DoorMove } from './failover/doors.ts';

/** What is made ready for another configuration. */
export interface Preparation {
  /** Resolves when that is done, or has been tried long enough. */
  readonly ready: Promise<void>;
  abort(): void;
}

export const NOTHING_TO_PREPARE: Preparation = { ready: Promise.resolve(), abort: () => {} };

/** What a pool needs of its protocol: to talk to servers, and to find the server of a request. */
export interface PoolProtocol extends ServerProtocol {
  /** Codec.scanRequests of this protocol. */
  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number;
  /** Makes ready for another configuration of a pool, without changing anything. */
  prepare(pool: object, next: PoolConfig): Preparation;
  /** The ring of a pool is another one: its servers have changed, or which of them are live. */
  onRing(pool: object): void;
  /** Clients are told of other proxies than before. */
  onDoors(pool: object, moves: readonly DoorMove[]): void;
  /** A pool is gone. */
  onPoolGone(pool: object): void;
  /**
   * By the command of a record's low half: 1 where a request may be forwarded as it is. Null when a
   * pool refuses nothing.
   */
  allowedCommands(config: PoolConfig): Uint8Array | null;
  /** What the first bytes of a request tell. */
  requestHead(head: Buffer): RequestHead;
  /** Whether the command of a record's low half only reads: it may be sent twice. */
  isRead(command: number): boolean;
}
