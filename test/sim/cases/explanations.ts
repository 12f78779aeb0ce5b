/** What a fault is about. */
export interface Scope {
  /** Names of the servers; null: any. */
  readonly servers: readonly string[] | null;
  /** Number of the proxy; null: any. */
  readonly proxy: number | null;
}

/** Something that clients may notice, until some time after its end. */
interface Trouble extends Scope {
  /** Microsecond at which it was over; Infinity while it is not. */
  until: number;
}

/** What asks whether it may fail. */
export interface Asking {
  /** Microsecond: when it was sent. */
  readonly from: number;
  readonly proxy: number;
  /** Servers that it may have been sent to; null: any. */
  readonly servers: readonly string[] | null;
}

/** Which faults explain an error, or a connection that is closed. */
export class Explanations {
  readonly #troubles: Trouble[] = [];
  readonly #graceMicros: number;

  /** @param graceMicros after the end of a fault everything is found again within this */
  constructor(graceMicros: number) {
    this.#graceMicros = graceMicros;
  }

  /** A fault has begun. @returns told when it is over, with the microsecond */
  begin(scope: Scope): (at: number) => void {
    const trouble: Trouble = { ...scope, until: Number.POSITIVE_INFINITY };
    this.#troubles.push(trouble);
    return (at) => {
      trouble.until = at;
    };
  }

  /** Whether any was there. */
  get any(): boolean {
    return this.#troubles.length > 0;
  }

  /** @param settledAt microsecond since which servers are at rest, whatever faults have left behind */
  explain({ from, proxy, servers }: Asking, settledAt: number): boolean {
    return this.#troubles.some((trouble) => {
      if (trouble.proxy !== null && trouble.proxy !== proxy) return false;
      const isOfOthers =
        trouble.servers?.some((each) => servers?.includes(each) !== false) === false;
      return !isOfOthers && from <= Math.max(trouble.until, settledAt) + this.#graceMicros;
    });
  }
}
