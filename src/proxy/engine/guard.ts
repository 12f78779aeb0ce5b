import { INTERNAL_ERROR_SWEEP_MS, LINGER_MS } from '../../limits.ts';
import { INTERNAL_ERRORS } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { REASON_INTERNAL } from '../backend/failure.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Timed } from './deadlines.ts';
import { ArenaError, type Engine } from './engine.ts';

/** Whose bytes or events are handled: an exception ends it, and nothing else. */
export interface Guarded {
  onException(error: unknown): void;
}

/**
 * What becomes of an exception: the connection that it belongs to is closed alone. A client's ends
 * at the request at hand, with an error if its replies are in step; what it had asked before is
 * swallowed. A server connection is closed if a request may be in its queue in part, or without its
 * entry in flight; then each request in flight gets an error.
 */
export class Guard implements Timed {
  readonly #engine: Engine;
  /** Closed clients whose references cannot be relied on: their ids wait for what is in flight. */
  readonly #forfeited: Set<ClientConnection> = new Set();
  #sweepAt = 0;
  timerAt = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @param inStep all replies before the request at hand are queued whole, and nothing of its own */
  client(client: ClientConnection, error: unknown, inStep = false): void {
    mustGoOn(error);
    const { address } = client;
    if (!client.closed) {
      this.#close(client, address, inStep);
    }
    this.#closeUnbalanced();
    this.note(`client ${address} is closed`, error);
  }

  #close(client: ClientConnection, address: string, inStep: boolean): void {
    const { socket, pipeline, pool } = client;
    let heard = false;
    this.takeAll(`client ${address}`, () => {
      if (!inStep) return;
      this.#engine.gatherNow();
      pipeline.out.append(pool.protocol.internalError);
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

  backend(connection: BackendConnection, error: unknown): void {
    mustGoOn(error);
    connection.fail(REASON_INTERNAL, -1);
    this.#closeUnbalanced();
    this.note(`a connection to server ${connection.server.title} is closed`, error);
  }

  /** Somebody was told of a reply or its loss: only who had asked is harmed. */
  target(
    connection: BackendConnection,
    target: ReplyTarget,
    error: unknown,
    unsentBefore: number,
  ): void {
    const { client } = target;
    if (client === undefined) {
      this.backend(connection, error);
      return;
    }
    const { pipeline } = client;
    const inStep = pipeline.outstanding === 1 && pipeline.isBare(pipeline.head);
    this.client(client, error, inStep && pipeline.out.unsentBytes === unsentBefore);
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
      if (!connection.isBalanced) connection.fail(REASON_INTERNAL, -1);
    }
  }

  // --- ids of forfeited clients ----------------------------------------------------------------

  #sweepSoon(): void {
    if (this.#sweepAt !== 0) return;
    this.#sweepAt = Math.floor(performance.now()) + INTERNAL_ERROR_SWEEP_MS;
    this.#engine.deadlines.arm(this, this.#sweepAt);
  }

  nextDeadline(): number {
    return this.#sweepAt;
  }

  /** Frees the ids that no request in flight names any more. */
  onDeadline(): void {
    this.#sweepAt = 0;
    const named = new Set<number>();
    for (const { inFlight } of this.#engine.connections) inFlight.collectClients(named);
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
