import type { PoolConfig } from '../../config/index.ts';
import type { Redirection } from './again/redirections.ts';
import type { Failure } from './failure.ts';
import type { OwnedConnection } from './owned-connection.ts';
import type { RequestJoiner } from './request-joiner.ts';

/** A server, as far as a protocol has to tell one from another. */
export interface KnownServer {
  readonly name: string;
  /** Whose it is. */
  readonly pool: object;
}

// What an error reply says about its request.

/** It may have been executed. */
export const EXECUTED = 0;
/** It was not: the server cannot serve now. */
export const NOT_EXECUTED = 1;
/** It was not: the server is a replica. */
export const NOT_EXECUTED_REPLICA = 2;

// Whether a request may be sent again.

/** Whatever the server says about it may be made up by the request itself. */
export const REPEAT_NEVER = 0;
/** If it was not executed. */
export const REPEAT_REFUSED = 1;
/** It changes nothing. */
export const REPEAT_READ = 2;

/** What a protocol knows of the slots of a Redis Cluster. */
export interface SlotProtocol {
  /** What an error reply at [start, start + length) redirects its request to; null = nowhere. */
  redirection(memory: Buffer, start: number, length: number): Redirection | null;
  /** The slot of a request's first key, in a pool; -1 when its words name none. */
  requestSlot(request: Buffer, pool: { readonly config: PoolConfig }): number;
  /** All keys of a request, latin1; null when its words do not tell, or there are none. */
  requestKeys(request: Buffer, pool: { readonly config: PoolConfig }): readonly string[] | null;
  /** What a client is told whose request was redirected in vain: SLOT_*, and the slot or -1. */
  failure(kind: number, slot: number): Buffer;
  /** What has the node that gets a slot take a request for it. */
  readonly asking: Buffer;
}

/** What the connections to servers need of the protocol that they speak. */
export interface ServerProtocol {
  /** Codec.scanReplies of this protocol. */
  scanReplies(start: number, end: number, table: number, limit: number): number;
  /** Queues what a new connection must say first. */
  handshake(connection: OwnedConnection): void;
  /** What makes lines of several requests on a connection; null = each goes out as it is. */
  joiner(connection: OwnedConnection): RequestJoiner | null;
  /**
   * Bytes of the reply that begins with the `length` bytes at `start`; -1 when they do not say.
   */
  replyBytes(bytes: Uint8Array, start: number, length: number): number;
  /** Type byte of what a server says unasked to clients of a RESP version, 0 = it never does. */
  unaskedType(resp: number): number;
  /** A server has said something unasked; it is described by the record at this word index. */
  onUnasked(connection: OwnedConnection, record: number): void;
  /** A server that had failed is reachable again: it may be another one now. */
  onServerBack(server: KnownServer): void;
  /** A connection is closed on which a server of a pool noted which keys are read. */
  onTrackingClosed(pool: object, connection: OwnedConnection): void;
  /** A server has left its pool. */
  onServerGone(server: KnownServer): void;
  /** What an error reply at [start, start + length) says: EXECUTED, NOT_EXECUTED(_REPLICA). */
  refusal(memory: Buffer, start: number, length: number): number;
  /** Null where there are none. */
  readonly slots: SlotProtocol | null;
  /** Whether a request may be sent again: REPEAT_NEVER, REPEAT_REFUSED, REPEAT_READ. */
  repeatable(request: Buffer): number;
  /** The reply to a request whose server failed. */
  failure(failure: Failure): Buffer;
  /** A harmless request that every healthy server answers without an error. */
  readonly probe: Buffer;
  /** First byte of a good answer to it. */
  readonly probeAnswer: number;
  /** Command class for the metrics, by the low 16 bits of a record's INFO. */
  readonly classes: Uint8Array;
}
