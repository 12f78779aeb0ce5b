import { SLOW_ENTRY_BYTES, TRACES_KEPT } from '../../limits.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** One server's share of a traced request. Times are microseconds since 1970. */
export interface TracedShare {
  readonly server: string;
  /** With a socket file its path, and port 0. */
  readonly host: string;
  readonly port: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failure: string | null;
}

/** A traced request: all plain data. Texts of clients are latin1, one character per byte. */
export interface RequestTrace {
  readonly pool: string;
  readonly redis: boolean;
  readonly command: string;
  readonly key: string | null;
  readonly client: string;
  readonly clientName: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What the client was told in place of a reply. */
  readonly failure: string | null;
  readonly shares: readonly TracedShare[];
}

/** Traces that wait to be taken away, and how many were lost because too many waited. */
export interface TakenTraces {
  readonly traces: readonly RequestTrace[];
  readonly lost: number;
}

const ALL = 0x1_0000_0000;
/** What one share counts for. */
const SHARE_BYTES = 128;

/**
 * Which requests are traced, and the traces until somebody takes them. Whether a request is one of
 * them follows from when it arrived and whose it is, so that each of its parts is told the same and
 * nothing has to be remembered.
 */
export class RequestTraces {
  readonly #below: number;
  readonly #budget: MemoryBudget;
  readonly #seed = (Math.random() * ALL) | 0;
  #traces: RequestTrace[] = [];
  #bytes = 0;
  #lost = 0;

  /** @param rate the part of all requests that is traced, 0 to 1 */
  constructor(rate: number, budget: MemoryBudget) {
    this.#below = Math.round(rate * ALL);
    this.#budget = budget;
  }

  takes(arrived: number, client: number, slot: number): boolean {
    let mixed = arrived ^ this.#seed ^ Math.imul(client, 0x9e3779b1) ^ Math.imul(slot, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0 < this.#below;
  }

  add(trace: RequestTrace): void {
    if (this.#traces.length >= TRACES_KEPT) {
      this.#lost++;
      return;
    }
    const { command, key, client, clientName, shares } = trace;
    const texts = command.length + (key ?? '').length + client.length + clientName.length;
    const bytes = SLOW_ENTRY_BYTES + texts + shares.length * SHARE_BYTES;
    this.#traces.push(trace);
    this.#bytes += bytes;
    this.#budget.count(bytes);
  }

  /** Those that wait, oldest first: they are the caller's. */
  takeAll(): TakenTraces {
    const taken = { traces: this.#traces, lost: this.#lost };
    this.#budget.count(-this.#bytes);
    this.#traces = [];
    this.#bytes = 0;
    this.#lost = 0;
    return taken;
  }
}
