/** A stream that text goes to. */
export interface Out {
  write(text: string): unknown;
}

/** One of `ringway NAME ...`. @returns the exit status */
export type Command = (argv: readonly string[], out: Out, err: Out) => Promise<number>;
