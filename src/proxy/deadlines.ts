/** Something that may run out of time. */
export interface Timed {
  /** When it runs out, in milliseconds of performance.now(); 0 = it waits for nothing. */
  nextDeadline(): number;
  onDeadline(now: number): void;
}

/**
 * The process's one timer. It sleeps until the earliest deadline it knew of when it was set;
 * deadlines that have moved on by then cost nothing, so a request never starts or stops a timer.
 */
export class Deadlines {
  readonly #items: Set<Timed> = new Set();
  #timer: NodeJS.Timeout | null = null;
  #due = 0;

  watch(item: Timed): void {
    this.#items.add(item);
  }

  forget(item: Timed): void {
    this.#items.delete(item);
  }

  /** A watched item has begun to wait until `due`. */
  arm(due: number): void {
    if (this.#due === 0 || due < this.#due) this.#sleepUntil(due);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#due = 0;
    this.#items.clear();
  }

  #sleepUntil(due: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#due = due;
    const wait = Math.max(1, Math.ceil(due - performance.now()));
    this.#timer = setTimeout(() => this.#fire(), Math.min(wait, 0x7fffffff));
    this.#timer.unref();
  }

  #fire(): void {
    this.#timer = null;
    this.#due = 0;
    const now = Math.floor(performance.now());
    let earliest = 0;
    for (const item of this.#items) {
      let due = item.nextDeadline();
      if (due !== 0 && due <= now) {
        item.onDeadline(now);
        due = item.nextDeadline();
      }
      if (due !== 0 && (earliest === 0 || due < earliest)) earliest = due;
    }
    if (earliest !== 0) this.arm(Math.max(earliest, now + 1));
  }
}
