import type { Clock } from '../../src/topology/clock.ts';

/** Time that passes when a test says so. */
export class HandClock implements Clock {
  #now = 1_000_000;
  #timers: { at: number; then: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + ms, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    while (this.#ring(end));
    this.#now = end;
  }

  /** As pass(), with all that is ready to run between two timers. */
  async passSlowly(ms: number): Promise<void> {
    const end = this.#now + ms;
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#ring(end));
    this.#now = end;
  }

  /** The next timer that is due by `end`. @returns whether there was one */
  #ring(end: number): boolean {
    const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((each) => each !== next);
    this.#now = Math.max(this.#now, next.at);
    next.then();
    return true;
  }
}
