import { WORKER_CRASH_WINDOW_MS, WORKER_CRASHES, WORKER_WAIT_MS } from '../../limits.ts';

/** When a worker that crashed is replaced. */
export class CrashPace {
  #recent: number[] = [];

  /** Some are replaced at once; when crashes go on, later and later. @returns ms */
  next(): number {
    const now = performance.now();
    this.#recent = this.#recent.filter((at) => now - at < WORKER_CRASH_WINDOW_MS);
    this.#recent.push(now);
    const excess = this.#recent.length - 1 - WORKER_CRASHES;
    return excess < 0 ? 0 : Math.min(WORKER_CRASH_WINDOW_MS / 2, WORKER_WAIT_MS * 2 ** excess);
  }
}
