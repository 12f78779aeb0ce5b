import { INTERNAL_ERROR_LINES, INTERNAL_ERROR_STACKS, INTERNAL_ERROR_WINDOW_MS } from './limits.ts';
import { LOG_ERROR, type Log } from './log.ts';

/**
 * Mistakes of ringway itself that end one connection instead of the process: all are counted, and
 * the first of each while are written to the log with their stacks.
 */
export class InternalErrors {
  /** How many there were. */
  count = 0;
  readonly #log: Log;
  readonly #now: () => number;
  #since = 0;
  #written = 0;
  #held = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** @param what whose bytes or events were handled, and what became of it */
  report(what: string, error: unknown): void {
    this.count++;
    const now = this.#now();
    if (this.#written === 0 || now - this.#since >= INTERNAL_ERROR_WINDOW_MS) {
      this.#since = now;
      this.#written = 0;
    }
    if (this.#written === INTERNAL_ERROR_STACKS) {
      this.#held++;
      return;
    }
    this.#written++;
    const more = this.#held === 0 ? '' : ` (and ${this.#held} times more)`;
    this.#held = 0;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const [first, ...lines] = stack.split('\n', INTERNAL_ERROR_LINES);
    this.#log.write(LOG_ERROR, `internal error: ${what}: ${first}${more}`, { event: 'internal' });
    for (const line of lines) this.#log.write(LOG_ERROR, line);
  }
}
