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
    const { closed, id, pipeline, pool } = this.#client;
    const { undeliveredBytes, out, head } = pipeline;
    const low = pool.config.clientOutputLimit >> 1;
    const all = closed || undeliveredBytes <= low;
    if (!all && out.pendingBytes > low) return;
    const paused = this.#paused;
    this.#paused = [];
    for (const source of paused) {
      try {
        if (all || source.owes(id, head)) source.resume();
        else this.#paused.push(source);
      } catch (error) {
        source.onException(error);
      }
    }
  }
}
