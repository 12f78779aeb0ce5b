import { LOOK_INTERVAL_MS, LOOK_PATIENCE } from '../../limits.ts';

/** A question to a server that is under way. */
interface Question {
  readonly closed: boolean;
  abandon(): void;
}

/** Looks for a server that cannot be reached, one question at a time, until it is told to stop. */
export class Lookout<T extends Question> {
  readonly #ask: () => T;
  #timer: NodeJS.Timeout | null = null;
  #question: T | null = null;
  #looks = 0;

  constructor(ask: () => T) {
    this.#ask = ask;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /** A question under way that has its answer is left to close by itself. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    const question = this.#question;
    this.#question = null;
    // Its connection may be in the middle of its replies.
    if (question !== null) setImmediate(() => question.abandon());
  }

  #look(): void {
    const open = this.#question !== null && !this.#question.closed;
    if (open && ++this.#looks < LOOK_PATIENCE) return;
    if (open) this.#question?.abandon();
    this.#looks = 0;
    this.#question = this.#ask();
  }
}
