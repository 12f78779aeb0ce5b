import { LOOK_INTERVAL_MS, LOOK_PATIENCE } from '../../limits.ts';

/** A question to a server that is under way. */
interface Question {
  readonly closed: boolean;
  abandon(): void;
}

/** Looks for a server that cannot be reached, one question at a time, until it is told to stop. */
export class Lookout<T extends Question> {
  readonly #ask: () => T;
  readonly #onException: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #question: T | null = null;
  #looks = 0;

  /** @param onException told what a question ended with; the next one is asked all the same */
  constructor(ask: () => T, onException: (error: unknown) => void) {
    this.#ask = ask;
    this.#onException = onException;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#guarded(() => this.#look()), LOOK_INTERVAL_MS).unref();
  }

  /** A question under way that has its answer is left to close by itself. */
  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    const question = this.#question;
    this.#question = null;
    // Its connection may be in the middle of its replies.
    if (question !== null) setImmediate(() => this.#guarded(() => question.abandon()));
  }

  #look(): void {
    const open = this.#question !== null && !this.#question.closed;
    if (open && ++this.#looks < LOOK_PATIENCE) return;
    if (open) this.#question?.abandon();
    this.#looks = 0;
    this.#question = this.#ask();
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onException(error);
    }
  }
}
