import { SLOW_ENTRY_BYTES, SLOW_KEY_BYTES } from '../../limits.ts';
import { LOG_NOTICE, type Log } from '../../log.ts';
import { findCommand } from '../../protocol/redis/table/commands.ts';
import type { SlowRequest } from '../backend/owner.ts';
import { wallMillis } from '../engine/clock.ts';
import type { MemoryBudget } from '../engine/memory-budget.ts';

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

const REDACTED = '(redacted)';

export interface SlowLogOptions {
  /** Name of the pool. */
  readonly pool: string;
  readonly log: Log;
  /** Counts what is kept. */
  readonly budget: MemoryBudget;
  /** Entries. */
  readonly capacity: number;
  /** Whether keys are not to be seen. */
  readonly redact: boolean;
}

/** The latest requests of a pool that took `slowlog_ms` or longer. */
export class SlowLog {
  readonly #pool: string;
  readonly #log: Log;
  readonly #budget: MemoryBudget;
  readonly #capacity: number;
  readonly #redact: boolean;
  #entries: SlowEntry[] = [];
  #nextId = 0;

  constructor({ pool, log, budget, capacity, redact }: SlowLogOptions) {
    this.#pool = pool;
    this.#log = log;
    this.#budget = budget;
    this.#capacity = capacity;
    this.#redact = redact;
  }

  add(request: SlowRequest): void {
    const { server, client, clientName, totalMicros, serverMicros } = request;
    const { command, key, words } = describeHead(request.head);
    const entry: SlowEntry = {
      id: this.#nextId++,
      at: Math.floor(wallMillis() / 1000),
      command,
      key: key !== null && this.#redact ? REDACTED : key,
      moreWords: Math.max(0, words - 2),
      client,
      clientName,
      server,
      totalMicros,
      serverMicros,
    };
    this.#keep(entry);
    const pool = this.#pool;
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
    const oldest = this.#entries.length > this.#capacity ? this.#entries.shift() : undefined;
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

interface Description {
  readonly command: string;
  readonly key: string | null;
  readonly words: number;
}

/** The command and key that a request begins with, in RESP or as a line of words. */
export function describeHead(head: Buffer): Description {
  const text = head.toString('latin1');
  const [first, ...rest] = text.split('\r\n');
  if (!first.startsWith('*')) {
    const words = first.trim().split(/[ \t]+/);
    const key = words.length > 1 ? words[1].slice(0, SLOW_KEY_BYTES) : null;
    const command = words[0].slice(0, SLOW_KEY_BYTES).toUpperCase();
    return { command, key, words: words.length };
  }
  const words = Number(first.slice(1));
  const [name, afterName] = bulkAt(text, text.length - rest.join('\r\n').length);
  const command = name.toUpperCase();
  return { command, key: keyIn(text, afterName, command, words), words };
}

/** The first key as far as the head reaches; null when it has none, or it is behind that. */
function keyIn(text: string, afterName: number, command: string, words: number): string | null {
  const { keys, numkeys } = findCommand(command) ?? { keys: 'range', numkeys: 0 };
  // A script in front of the keys is none.
  let left = keys === 'numkeys' ? numkeys : 0;
  let count = '1';
  let at = afterName;
  for (; left > 0 && at < text.length; left--) [count, at] = bulkAt(text, at);
  if (left > 0 || count === '0' || words < 2 || at >= text.length) return null;
  return bulkAt(text, at)[0];
}

/** The bulk at `at`, as far as it is there and short enough, and where the next one begins. */
function bulkAt(text: string, at: number): [body: string, next: number] {
  const bodyAt = text.indexOf('\r\n', at) + 2;
  if (bodyAt < 2) return ['', text.length];
  const length = Number(text.slice(at + 1, bodyAt - 2));
  const end = bodyAt + length;
  const cut = Math.min(end, bodyAt + SLOW_KEY_BYTES);
  const body = text.slice(bodyAt, cut);
  return [body.length < length ? `${body}...` : body, Math.min(end + 2, text.length)];
}

/** A `SLOWLOG GET` reply, in Redis's layout; the server's share stands behind the arguments. */
export function slowLogReply(entries: readonly SlowEntry[]): Buffer {
  const out: string[] = [`*${entries.length}\r\n`];
  for (const entry of entries) {
    const args = [entry.command];
    if (entry.key !== null) args.push(entry.key);
    if (entry.moreWords > 0) args.push(`... (${entry.moreWords} more arguments)`);
    // The names of the file are no latin1: this makes them one character per byte as well.
    const server = Buffer.from(entry.server).toString('latin1');
    args.push(`[server ${server} took ${entry.serverMicros} us of it]`);
    out.push(`*6\r\n:${entry.id}\r\n:${entry.at}\r\n:${entry.totalMicros}\r\n`);
    out.push(`*${args.length}\r\n`, ...args.map(bulk), bulk(entry.client), bulk(entry.clientName));
  }
  return Buffer.from(out.join(''), 'latin1');
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
