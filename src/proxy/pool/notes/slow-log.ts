import type { PoolConfig } from '../../../config/index.ts';
import { SLOW_ENTRY_BYTES } from '../../../limits.ts';
import { LOG_NOTICE, type Log } from '../../../log.ts';
import type { RequestHead } from '../../../protocol/request-head.ts';
import type { NotedRequest } from '../../backend/flight/noted-request.ts';
import { wallMillis } from '../../engine/clock.ts';
import type { MemoryBudget } from '../../engine/memory-budget.ts';

/** One line of the slow log. Texts are latin1, one character per byte, but for `server`. */
export interface SlowEntry {
  readonly id: number;
  /** Unix time in seconds, of the reply. */
  readonly at: number;
  readonly command: string;
  /** The second word, cut; `(redacted)` when keys are not to be seen, null when there is none. */
  readonly key: string | null;
  /** Words behind the key. */
  readonly moreWords: number;
  readonly client: string;
  readonly clientName: string;
  readonly server: string;
  readonly totalMicros: number;
  readonly serverMicros: number;
}

/** Stands for a key that is not to be seen. */
export const REDACTED = '(redacted)';

/** What a slow log is made of. */
export interface SlowLogParts {
  readonly config: PoolConfig;
  readonly log: Log;
  /** Counts what is kept. */
  readonly budget: MemoryBudget;
  /** What the first bytes of a request tell, in the pool's protocol. */
  readonly describe: (head: Buffer) => RequestHead;
}

/** The latest requests of a pool that took `slowlog_ms` or longer. */
export class SlowLog {
  readonly #config: PoolConfig;
  readonly #log: Log;
  readonly #budget: MemoryBudget;
  readonly #describe: (head: Buffer) => RequestHead;
  #entries: SlowEntry[] = [];
  #nextId = 0;

  constructor({ config, log, budget, describe }: SlowLogParts) {
    this.#config = config;
    this.#log = log;
    this.#budget = budget;
    this.#describe = describe;
  }

  add(request: NotedRequest): void {
    const { server, client, clientName, totalMicros, serverMicros } = request;
    const { command, key, words } = this.#describe(request.head);
    const entry: SlowEntry = {
      id: this.#nextId++,
      at: Math.floor(wallMillis() / 1000),
      command,
      key: key !== null && this.#config.slowlogRedact ? REDACTED : key,
      moreWords: Math.max(0, words - 2),
      client,
      clientName,
      server,
      totalMicros,
      serverMicros,
    };
    this.#keep(entry);
    const { name: pool } = this.#config;
    const what = [command, entry.key ?? ''].join(' ').trim();
    const took = `${millis(totalMicros)}, ${millis(serverMicros)} of it on ${server}`;
    const message = `slow request in pool ${pool}: ${what} took ${took}, from ${client}`;
    this.#log.write(LOG_NOTICE, message, {
      pool,
      server,
      client,
      total_us: totalMicros,
      server_us: serverMicros,
    });
  }

  #keep(entry: SlowEntry): void {
    this.#entries.push(entry);
    const isFull = this.#entries.length > this.#config.slowlogLength;
    const oldest = isFull ? this.#entries.shift() : undefined;
    this.#budget.count(bytesOf(entry) - (oldest === undefined ? 0 : bytesOf(oldest)));
  }

  get length(): number {
    return this.#entries.length;
  }

  reset(): void {
    for (const entry of this.#entries) this.#budget.count(-bytesOf(entry));
    this.#entries = [];
  }

  /** The latest entries, newest first. @param count negative = all */
  latest(count: number): SlowEntry[] {
    const wanted = count < 0 ? this.#entries.length : count;
    return wanted === 0 ? [] : this.#entries.slice(-wanted).reverse();
  }
}

/** What an entry keeps, about. */
function bytesOf({ command, key, client, clientName, server }: SlowEntry): number {
  const texts = command.length + (key ?? '').length + client.length + clientName.length;
  return SLOW_ENTRY_BYTES + texts + server.length;
}

function millis(micros: number): string {
  return `${(micros / 1000).toFixed(1)} ms`;
}
