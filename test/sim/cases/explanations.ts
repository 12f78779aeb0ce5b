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

/** A node that is cut off has been replaced, and requests go where its slots are, within this. */
const TAKEN_OVER_MICROS = 6_000_000;

/** What all that was done to a case explains. */
export class Excuses {
  readonly #faults: Explanations;
  /** Nodes that the others have to replace. */
  readonly #isolations: Explanations = new Explanations(TAKEN_OVER_MICROS);
  /** Nodes have let clients wait, until a replica had all that they had. */
  readonly #pauses: Explanations;
  /** Slots have other owners, or are about to. */
  readonly #moves: Explanations;
  /** A node may have none of the slots any more that it had. */
  readonly #emptied: Explanations;

  /** @param graceMicros @see Explanations */
  constructor(graceMicros: number) {
    this.#faults = new Explanations(graceMicros);
    this.#pauses = new Explanations(graceMicros);
    this.#moves = new Explanations(graceMicros);
    this.#emptied = new Explanations(graceMicros);
  }

  /** Whether there was a fault that clients may notice. */
  get any(): boolean {
    return this.#faults.any || this.#isolations.any;
  }

  /** Whether nodes were told to let clients wait. */
  get paused(): boolean {
    return this.#pauses.any;
  }

  /** @returns told when it is over @see Explanations.begin */
  begin(scope: Scope, isIsolation: boolean): (at: number) => void {
    return (isIsolation ? this.#isolations : this.#faults).begin(scope);
  }

  /** Something was planned, at that microsecond, that moves slots. */
  moves(at: number, how: { readonly pauses: boolean; readonly empties: boolean }): void {
    const all = [this.#moves];
    if (how.pauses) all.push(this.#pauses);
    if (how.empties) all.push(this.#emptied);
    for (const each of all) each.begin({ servers: null, proxy: null })(at);
  }

  /** Whether a fault explains an error. @param settledAt @see Explanations.explain */
  explain(asking: Asking, settledAt: number): boolean {
    return [this.#faults, this.#isolations].some((each) => each.explain(asking, settledAt));
  }

  /** Whether it explains an error that nodes let clients wait. */
  pausesExplain(asking: Asking, settledAt: number): boolean {
    return this.#pauses.explain(asking, settledAt);
  }

  /** Whether slots that move explain it. @param touched they are those that it is about */
  movesExplain(touched: boolean, asking: Asking, settledAt: number): boolean {
    if (this.#emptied.explain(asking, settledAt)) return true;
    return touched && this.#moves.explain(asking, settledAt);
  }
}
