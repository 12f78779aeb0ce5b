import { PIECE_BYTES } from '../../limits.ts';
import type { ReplySource } from '../engine/receiver.ts';
import type { Pool } from '../pool/pool.ts';
import type { ClientPipeline } from './client-pipeline.ts';

/** The client that others wait for. */
export interface SlowClient {
  readonly id: number;
  readonly closed: boolean;
  readonly pool: Pool;
  readonly pipeline: ClientPipeline;
}

/** Of a client, what waits for it. */
type Waited = Pick<SlowClient, 'id' | 'pipeline'>;

/** So much may wait for a client where what comes for it can wait at its server. */
export function pieceOf({ config }: Pool): number {
  return Math.min(PIECE_BYTES, config.clientOutputLimit >> 1);
}

/** Of what waits for a client, what has to go before it needs more of `source`. */
export function waitingFrom(source: ReplySource, { id, pipeline }: Waited): number {
  return source.owes(id, pipeline.head) ? pipeline.out.pendingBytes : pipeline.undeliveredBytes;
}

/** What stands still until one client takes its replies. */
export class PausedSources {
  readonly #client: SlowClient;
  #paused: ReplySource[] = [];

  constructor(client: SlowClient) {
    this.#client = client;
  }

  add(source: ReplySource): void {
    this.#paused.push(source);
  }

  /** Lets those go on that may. */
  release(): void {
    if (this.#paused.length === 0) return;
    const { closed, pipeline, pool } = this.#client;
    const low = pool.config.clientOutputLimit >> 1;
    const all = closed || pipeline.undeliveredBytes <= low;
    if (!all && pipeline.out.pendingBytes > low) return;
    const paused = this.#paused;
    this.#paused = [];
    for (const source of paused) {
      try {
        if (closed || this.#mayGoOn(source, all)) source.resume();
        else this.#paused.push(source);
      } catch (error) {
        source.onException(error);
      }
    }
  }

  /** @param all those may that others wait for */
  #mayGoOn(source: ReplySource, all: boolean): boolean {
    const { id, pipeline, pool } = this.#client;
    if (source.isFor(id)) return waitingFrom(source, this.#client) <= pieceOf(pool) >> 1;
    return all || source.owes(id, pipeline.head);
  }
}
