import type { PoolConfig, ServerConfig } from '../../config/index.ts';
import type { LogFields } from '../../log.ts';
import type { PoolCounters, ServerCounters } from '../../stats/counters.ts';
import type { PoolLatency } from '../../stats/latency.ts';
import type { Engine } from '../engine/engine.ts';
import type { RequestHeir, RequestMover } from './again/request-mover.ts';
import type { Failure } from './failure.ts';
import type { RequestNotes } from './flight/noted-request.ts';
import type { OwnedConnection } from './owned-connection.ts';
import type { ServerProtocol } from './server-protocol.ts';

/** What the connections to the servers of one pool share. */
export interface OwnerPool {
  readonly engine: Engine;
  /** Replaced when the configuration is read again. */
  readonly config: PoolConfig;
  readonly protocol: ServerProtocol;
  readonly counters: PoolCounters;
  readonly budget: {
    /** Sees to it that one more connection may be opened. @returns false when none may */
    makeRoom(): boolean;
  };
  /** Null when latencies are not measured. */
  readonly latency: PoolLatency | null;
  /** Takes requests that took long, and those that are traced; null = none of either. */
  readonly notes: RequestNotes | null;
  /** So long a request takes, and it may be one of these; less than any = each may be traced. */
  readonly notedMicros: number;
  /** Sends requests on that a node of a Redis Cluster redirects; null = the pool is none. */
  readonly mover: RequestMover | null;
}

/** Who goes on with the requests of a connection that ends; null = nobody. */
export type Heir = RequestHeir | null;

/** Whose connection it is: a server, as its connections see it. */
export interface ConnectionOwner {
  readonly pool: OwnerPool;
  readonly config: ServerConfig;
  readonly name: string;
  /** It is a replica, which need not be a master: nothing is written there. */
  readonly forReads: boolean;
  readonly counters: ServerCounters;
  /** Of the pool's latencies: its first command class. */
  readonly firstSeries: number;
  /** One line about this server in the log. */
  log(level: number, text: string, fields: LogFields): void;
  /** How lines of the log name it. */
  readonly title: string;
  onConnected(): void;
  /** @param lost requests that got an error */
  onConnectionLost(connection: OwnedConnection, failure: Failure, lost: number): void;
  /** It may be sent requests: what had to be granted first is. */
  onReady(connection: OwnedConnection): void;
  /**
   * The server says that it did not execute a request.
   * @returns whether such requests are to be sent again
   */
  onRefusal(): boolean;
  /**
   * The connection that goes on in the place of one that is about to be closed; null when what is
   * in flight on it is lost.
   * @param failure why it is closed; null when the server only asked for it
   */
  heirOf(connection: OwnedConnection, failure: Failure | null): Heir;
  /** Nothing is in flight on it any more. */
  onIdle(connection: OwnedConnection): void;
  /** A chunk of replies ended with a good one. */
  onReplies(): void;
  /** -LOADING, -OOM, -BUSY: the text goes to the client, the server counts as failing. */
  onTransientReply(): void;
  /** Takes it out of service; it ends when nothing is in flight on it. */
  retire(connection: OwnedConnection): void;
  /** It is closed. */
  forget(connection: OwnedConnection): void;
}
