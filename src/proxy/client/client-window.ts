import {
  EXPECTED_REPLY_BYTES,
  INITIAL_BYTE_WINDOW,
  INITIAL_PIPELINE_WINDOW,
  LEAST_BYTE_WINDOW,
  LEAST_PIPELINE_WINDOW,
  SMALL_REPLY_BYTES,
} from '../../limits.ts';
import type { Pool } from '../pool/pool.ts';
import type { ClientPipeline } from './client-pipeline.ts';

/** The client whose window it is. */
export interface WindowClient {
  readonly pipeline: ClientPipeline;
  readonly pool: Pool;
}

/** Replies that came together say more than a single one. */
const MANY_REPLIES = 8;
/** So many say little of what comes. */
const FEW_REPLIES = 64;
const LARGEST_MEAN = 2 ** 30;

/**
 * How many requests of a client may be under way: bounded by their number and by the bytes that
 * their replies are expected to have. Both windows open while the client keeps up. The bytes are
 * those of its earlier replies, looked at once per flush.
 */
export class ClientWindow {
  /** Requests that may be under way. */
  size: number;
  #count: number;
  #bytes = INITIAL_BYTE_WINDOW;
  /** The first request since it was opened or closed. */
  #start = 0;
  /** Bytes that a reply has on average. */
  #mean = EXPECTED_REPLY_BYTES;
  /** Its requests are noted, however few: its replies are not known to be small. */
  notes = true;
  /** Replies, and their bytes, that the mean was made of. */
  #answered = 0;
  #answeredBytes = 0;

  /** @param most `max_pipeline` */
  constructor(most: number) {
    this.#count = Math.min(INITIAL_PIPELINE_WINDOW, most);
    this.size = this.#count;
  }

  /** `max_pipeline` has changed. */
  limit(most: number): void {
    this.#count = Math.min(this.#count, most);
    this.size = Math.min(this.size, most);
  }

  /** Replies were written, as far as the kernel takes them. */
  adjust({ pipeline, pool }: WindowClient): void {
    const { head, out } = pipeline;
    const { clientOutputLimit, maxPipeline } = pool.config;
    if (head !== this.#answered) this.#learn(head, out.totalBytes);
    if (out.blocked) {
      if (pipeline.undeliveredBytes > clientOutputLimit >> 2) this.#close(head);
    } else if (((head - this.#start) | 0) >= this.size) {
      // A whole window was answered and taken: open it twice as wide, as TCP's slow start does.
      this.#open(head, maxPipeline, clientOutputLimit >> 1);
    }
    const isSmall = this.#mean <= SMALL_REPLY_BYTES;
    this.notes = !isSmall || head >>> 0 < FEW_REPLIES;
    if (isSmall) this.size = this.#count;
    else this.size = Math.min(this.#count, this.#fitting(pipeline, clientOutputLimit >> 1));
  }

  /** @param head replies ever given @param bytes those that they have, modulo 2^32 */
  #learn(head: number, bytes: number): void {
    const count = (head - this.#answered) | 0;
    const added = (bytes - this.#answeredBytes) | 0;
    // Beyond 2 GiB since the last flush it has wrapped.
    const mean = added < 0 ? LARGEST_MEAN : Math.min(LARGEST_MEAN, Math.round(added / count));
    if (this.#answered === 0) this.#mean = mean;
    else this.#mean += (mean - this.#mean) >> (count < MANY_REPLIES ? 3 : 1);
    this.#answered = head;
    this.#answeredBytes = bytes;
  }

  #close(head: number): void {
    this.#count = Math.max(1, this.#count >> 1);
    this.#bytes = Math.max(LEAST_BYTE_WINDOW, this.#bytes >> 1);
    this.#start = head;
  }

  /** Opens the one of the two that was full. */
  #open(head: number, mostRequests: number, mostBytes: number): void {
    if (this.size === this.#count) this.#count = Math.min(this.#count * 2, mostRequests);
    else this.#bytes = Math.min(this.#bytes * 2, mostBytes);
    this.#start = head;
  }

  /** @returns how many requests of large replies may be under way, when so many bytes may wait */
  #fitting({ out, undeliveredBytes }: ClientPipeline, most: number): number {
    const mean = this.#mean;
    const least = Math.min(LEAST_PIPELINE_WINDOW, Math.floor(most / mean));
    const fitting = Math.max(1, least, Math.floor(Math.min(this.#bytes, most) / mean));
    if (!out.blocked) return fitting;
    return Math.min(fitting, Math.max(0, Math.floor((most - undeliveredBytes) / mean)));
  }
}
