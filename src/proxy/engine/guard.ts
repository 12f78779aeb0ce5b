import type { Socket } from 'node:net';
import type { InternalErrors } from '../../internal-errors.ts';
import { INTERNAL_ERROR_SWEEP_MS, LINGER_MS } from '../../limits.ts';
import type { SendQueue } from '../../net/send-queue.ts';
import { INTERNAL_ERRORS, type ProcessCounters } from '../../stats/counters.ts';
import { ArenaError } from './arena-error.ts';
import { millis } from './clock.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import type { ReplyClaim, SwallowingSource } from './receiver.ts';

/** A client, as the guard sees it. */
export interface GuardedClient {
  readonly id: number;
  readonly closed: boolean;
  readonly address: string;
  readonly socket: Socket;
  readonly protocol: { readonly internalError: Buffer };
  /** Its replies. */
  readonly pipeline: { readonly out: SendQueue };
  /** Gives everything back; the socket is the guard's. */
  forfeit(): void;
  /** Nothing in flight names it any more. */
  freeId(): void;
}

/** A connection to a server, as the guard sees it. */
export interface GuardedConnection {
  readonly owner: { readonly title: string };
  /** Adds the clients that its requests name, in flight or about to be sent again. */
  collectClients(ids: Set<number>): void;
  readonly replies: SwallowingSource;
  /** Swallows the replies to a client's requests from `slot` on. @returns how many they are */
  disown(client: number, slot: number): number;
  /** No request was sent in part, or without its entry in flight. */
  readonly isBalanced: boolean;
  /** Closes it: each request in flight gets an error, the server is not to blame. */
  failInternally(): void;
}

/** Whose bytes or events are handled: an exception ends it, and nothing else. */
export interface Guarded {
  onException(error: unknown): void;
}

/** What the guard needs of the engine. */
export interface GuardedEngine {
  readonly connections: ReadonlySet<GuardedConnection>;
  readonly deadlines: Deadlines;
  readonly process: ProcessCounters;
  readonly errors: InternalErrors;
  gatherNow(): void;
}

/**
 * What becomes of an exception: the connection that it belongs to is closed alone. A client's ends
 * at the request at hand, with an error if its replies are in step; what it had asked before is
 * swallowed. A server connection is closed if a request may be in its queue in part, or without its
 * entry in flight; then each request in flight gets an error.
 */
export class Guard implements Timed {
  readonly #engine: GuardedEngine;
  /** Closed clients whose references cannot be relied on: their ids wait for what is in flight. */
  readonly #forfeited: Set<GuardedClient> = new Set();
  #sweepAt = 0;
  timerAt = 0;

  constructor(engine: GuardedEngine) {
    this.#engine = engine;
  }

  /**
   * @param inStep all replies before the request at hand are queued whole, and nothing of its own
   */
  client(client: GuardedClient, error: unknown, inStep = false): void {
    mustGoOn(error);
    const { address } = client;
    if (!client.closed) {
      this.#close(client, address, inStep);
    }
    this.#closeUnbalanced();
    this.note(`client ${address} is closed`, error);
  }

  #close(client: GuardedClient, address: string, inStep: boolean): void {
    const { socket, pipeline, protocol } = client;
    let heard = false;
    this.takeAll(`client ${address}`, () => {
      if (!inStep) return;
      this.#engine.gatherNow();
      pipeline.out.append(protocol.internalError);
      pipeline.out.flush();
      heard = true;
    });
    client.forfeit();
    this.#forfeited.add(client);
    this.#sweepSoon();
    if (heard) {
      socket.end();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    } else {
      socket.destroy();
    }
  }

  backend(connection: GuardedConnection, error: unknown): void {
    mustGoOn(error);
    connection.failInternally();
    this.#closeUnbalanced();
    this.note(`a connection to server ${connection.owner.title} is closed`, error);
  }

  /** Somebody was told of a reply or its loss: only who had asked is harmed. */
  target(
    connection: GuardedConnection,
    claim: ReplyClaim | null,
    error: unknown,
    unsentBefore: number,
  ): void {
    if (claim === null) this.backend(connection, error);
    else claim.onException(error, unsentBefore);
  }

  /** Counts and logs what has no connection to close, or none that is left open. */
  note(what: string, error: unknown): void {
    this.#engine.process[INTERNAL_ERRORS]++;
    this.#engine.errors.report(what, error);
  }

  /** Makes a handler of an event whose exceptions end `owner`. */
  bind(owner: Guarded, handle: () => void): () => void {
    return () => {
      try {
        handle();
      } catch (error) {
        owner.onException(error);
      }
    };
  }

  /** Takes every step of an ending, also those behind one that fails. */
  takeAll(what: string, ...steps: readonly (() => void)[]): void {
    for (const step of steps) {
      try {
        step();
      } catch (error) {
        mustGoOn(error);
        this.note(`${what} is closed`, error);
      }
    }
  }

  #closeUnbalanced(): void {
    for (const connection of this.#engine.connections) {
      if (!connection.isBalanced) connection.failInternally();
    }
  }

  // --- ids of forfeited clients ----------------------------------------------------------------

  #sweepSoon(): void {
    if (this.#sweepAt !== 0) return;
    this.#sweepAt = millis() + INTERNAL_ERROR_SWEEP_MS;
    this.#engine.deadlines.arm(this, this.#sweepAt);
  }

  nextDeadline(): number {
    return this.#sweepAt;
  }

  /** Frees the ids that no request in flight names any more. */
  onDeadline(): void {
    this.#sweepAt = 0;
    const named = new Set<number>();
    for (const connection of this.#engine.connections) connection.collectClients(named);
    for (const client of this.#forfeited) {
      if (named.has(client.id)) continue;
      this.#forfeited.delete(client);
      client.freeId();
    }
    if (this.#forfeited.size > 0) this.#sweepSoon();
  }

  onException(error: unknown): void {
    throw error;
  }
}

/** Without an arena to rely on no connection is innocent: the process ends. */
function mustGoOn(error: unknown): void {
  if (error instanceof ArenaError) throw error;
}
