/** What takes its time from here can be tested without waiting. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** @returns what calls it off */
  after(ms: number, then: () => void): () => void;
}

/** The clock of the process. It does not keep it running. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
