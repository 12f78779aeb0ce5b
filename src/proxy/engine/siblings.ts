import { SIBLINGS_BYTES, SIBLINGS_QUESTION_BYTES } from '../../limits.ts';

/** Other processes that serve the clients of the same pools. */
export interface Siblings {
  /**
   * Asks each of them the same; one that is gone is left out.
   * @param question plain data, as its answers are
   */
  ask(question: object): Promise<readonly object[]>;
}

/**
 * Siblings that are asked by way of `ask`. One that hangs answers nothing, and what waits for it is
 * in the memory of other processes: so much of it and no more.
 */
export class BoundedSiblings implements Siblings {
  readonly #ask: (question: object) => Promise<readonly object[]>;
  #bytes = 0;

  constructor(ask: (question: object) => Promise<readonly object[]>) {
    this.#ask = ask;
  }

  /** @throws as a rejection, also when SIBLINGS_BYTES wait already */
  async ask(question: object): Promise<readonly object[]> {
    const bytes = JSON.stringify(question).length + SIBLINGS_QUESTION_BYTES;
    if (this.#bytes + bytes > SIBLINGS_BYTES) throw new Error('other processes are silent');
    this.#bytes += bytes;
    try {
      return await this.#ask(question);
    } finally {
      this.#bytes -= bytes;
    }
  }
}
