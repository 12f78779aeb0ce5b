import type { SendQueue } from '../../net/send-queue.ts';
import type { PoolCounter, PoolCounters } from '../../stats/counters.ts';
import type { Engine } from '../engine/engine.ts';

/** The replies of the client that is sent something besides. */
export interface PushedPipeline {
  readonly out: SendQueue;
  /** The oldest reply is queued in part: what goes out next is the rest of it. */
  readonly isCut: boolean;
  hold(bytes: number): void;
  free(bytes: number): void;
}

/** What a client is sent that is no reply: between two replies, never within one. */
export class ClientPushes {
  readonly #engine: Engine;
  readonly #pipeline: PushedPipeline;
  /** What waits for the end of a reply. */
  #late: Buffer[] = [];
  #lateBytes = 0;
  /** Bytes that were pushed since nothing waited for the client. */
  #recent = 0;

  constructor(engine: Engine, pipeline: PushedPipeline) {
    this.#engine = engine;
    this.#pipeline = pipeline;
  }

  /**
   * Sends the frame at [start, end) of `bytes`, its first byte replaced. The bytes are the arena's,
   * or do not change any more.
   */
  push(bytes: Buffer, start: number, end: number, first: number): void {
    const { out, isCut } = this.#pipeline;
    const length = end - start;
    if (out.pendingBytes === 0) this.#recent = 0;
    this.#recent += length;
    const inArena = bytes === this.#engine.memory;
    if (inArena) bytes[start] = first;
    if (isCut) {
      this.#lateBytes += length;
      this.#pipeline.hold(length);
      if (inArena) this.#late.push(Buffer.from(bytes.subarray(start, end)));
      else this.#late.push(Buffer.of(first), bytes.subarray(start + 1, end));
    } else if (inArena) {
      out.copyFrom(start, length);
    } else {
      out.copy(Buffer.of(first));
      out.append(bytes.subarray(start + 1, end));
    }
  }

  /** Whether more of them wait, or have lately, than of replies. */
  outweigh(limit: number): boolean {
    return this.#recent > limit >> 1;
  }

  /** A reply that was queued in parts is complete. */
  goOn(): void {
    if (this.#lateBytes === 0) return;
    for (const each of this.#late) this.#pipeline.out.append(each);
    this.#pipeline.free(this.#lateBytes);
    this.drop();
  }

  drop(): void {
    this.#late = [];
    this.#lateBytes = 0;
  }
}

/** A client, as those see it who push it something. */
export interface PushedClient {
  readonly pool: {
    readonly counters: PoolCounters;
    readonly config: { readonly clientOutputLimit: number };
  };
  readonly pipeline: { readonly pushes: ClientPushes };
  /** It is given to the socket with this turn. */
  onAnswered(): void;
  /** More waits for it than may. */
  overOutputLimit(): boolean;
  /** Gives what waits to the kernel, as far as that takes it. */
  writeOut(): void;
  destroy(reason: string): void;
}

/**
 * Something was pushed: it goes out with this turn. A client that takes it too slowly is closed.
 * @param closed the counter of clients closed for that @param what it takes too slowly, for the log
 */
export function afterPush(client: PushedClient, closed: PoolCounter, what: string): void {
  if (!client.overOutputLimit()) {
    client.onAnswered();
    return;
  }
  // Perhaps only because it was not given to the kernel yet.
  client.writeOut();
  const { counters, config } = client.pool;
  if (client.overOutputLimit() && client.pipeline.pushes.outweigh(config.clientOutputLimit)) {
    counters[closed]++;
    client.destroy(`it takes ${what} too slowly (client_output_limit)`);
  } else {
    client.onAnswered();
  }
}
