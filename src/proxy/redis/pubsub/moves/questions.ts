import type { Kind } from '../hub/kinds.ts';

/** Another process is to hear what clients of this one hear, as they will go there. Plain data. */
export interface RoundQuestion {
  /** Name of the pool. */
  readonly pool: string;
  readonly round: string;
  /** What the messages say that mark the cut. */
  readonly secret: string;
  /** Addresses of the servers that are heard here; from others nothing comes. */
  readonly servers: readonly string[];
  /** Of a cluster: the node that hands on what any of them is told; null elsewhere. */
  readonly home: string | null;
  /** What the clients hear; names in base64. */
  readonly topics: readonly (readonly [kind: Kind, name: string])[];
}

/** The other process hears all that, or why it does not. */
export interface RoundAnswer {
  readonly refusal: string | null;
}

/** The clients of a round have all come, or will not. */
export interface RoundEnd {
  readonly pool: string;
  readonly over: string;
}

/** Where clients go. */
export interface Heir {
  /**
   * Asks the process, or each that clients may go to.
   * @returns the answer; something else from a program that knows no such question
   */
  ask(question: RoundQuestion | RoundEnd): Promise<object>;
}
