import { LOG_KIND_CHARACTERS, LOG_KINDS, LOG_REPEATS, LOG_WINDOW_MS } from '../limits.ts';
import type { Log, LogFields } from '../log.ts';

interface Kind {
  since: number;
  written: number;
  held: number;
  level: number;
  last: string;
}

/** Numbers and quoted texts differ between lines that say the same. */
function kindOf(level: number, message: string): string {
  const start = message.slice(0, LOG_KIND_CHARACTERS);
  return `${level} ${start.replace(/\d+/g, '0').replace(/'[^']*'/g, "''")}`;
}

/**
 * Passes lines on to another log, but of many alike only the first: when the window is over, one
 * line says how many were held back.
 */
export class RepeatLimit implements Log {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #kinds: Map<string, Kind> = new Map();
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  get level(): number {
    return this.#log.level;
  }

  set level(level: number) {
    this.#log.level = level;
  }

  write(level: number, message: string, fields?: LogFields): void {
    if (level > this.#log.level) return;
    const now = this.#now();
    const key = kindOf(level, message);
    let kind = this.#kinds.get(key);
    if (kind !== undefined && now - kind.since >= LOG_WINDOW_MS) {
      this.#close(key, kind);
      kind = undefined;
    }
    if (kind === undefined) {
      kind = { since: now, written: 0, held: 0, level, last: '' };
      this.#remember(key, kind);
    }
    if (kind.written < LOG_REPEATS) {
      kind.written++;
      this.#log.write(level, message, fields);
      return;
    }
    kind.held++;
    kind.last = message.slice(0, LOG_KIND_CHARACTERS);
    this.#timer ??= setTimeout(() => this.#sweep(), LOG_WINDOW_MS).unref();
  }

  /** Tells now what was held back. */
  flush(): void {
    for (const [key, kind] of this.#kinds) this.#close(key, kind);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #remember(key: string, kind: Kind): void {
    this.#kinds.set(key, kind);
    if (this.#kinds.size <= LOG_KINDS) return;
    const [[oldest, forgotten]] = this.#kinds;
    this.#close(oldest, forgotten);
  }

  #sweep(): void {
    this.#timer = null;
    const now = this.#now();
    let waiting = false;
    for (const [key, kind] of this.#kinds) {
      if (now - kind.since >= LOG_WINDOW_MS) this.#close(key, kind);
      else if (kind.held > 0) waiting = true;
    }
    if (waiting) this.#timer = setTimeout(() => this.#sweep(), LOG_WINDOW_MS).unref();
  }

  #close(key: string, kind: Kind): void {
    this.#kinds.delete(key);
    if (kind.held === 0) return;
    this.#log.write(kind.level, `${kind.held} more like this: ${kind.last}`, { held: kind.held });
  }
}
