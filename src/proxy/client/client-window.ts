import { INITIAL_PIPELINE_WINDOW } from '../../limits.ts';
import type { Pool } from '../pool/pool.ts';
import type { ClientPipeline } from './client-pipeline.ts';

/** The client whose window it is. */
export interface WindowClient {
  readonly pipeline: ClientPipeline;
  readonly pool: Pool;
}

/** How many requests of a client may be under way: opens while the client keeps up. */
export class ClientWindow {
  size: number;
  /** The first request since it was opened or closed. */
  #start = 0;

  /** @param most `max_pipeline` */
  constructor(most: number) {
    this.size = Math.min(INITIAL_PIPELINE_WINDOW, most);
  }

  /** `max_pipeline` has changed. */
  limit(most: number): void {
    this.size = Math.min(this.size, most);
  }

  /** Replies were written, as far as the kernel takes them. */
  adjust({ pipeline, pool }: WindowClient): void {
    const { head, out } = pipeline;
    const { clientOutputLimit, maxPipeline } = pool.config;
    if (out.blocked) {
      if (pipeline.undeliveredBytes > clientOutputLimit >> 2) {
        this.size = Math.max(1, this.size >> 1);
        this.#start = head;
      }
      return;
    }
    // A whole window was answered and taken: open it twice as wide, as TCP's slow start does.
    if (((head - this.#start) | 0) >= this.size) {
      this.size = Math.min(this.size * 2, maxPipeline);
      this.#start = head;
    }
  }
}
