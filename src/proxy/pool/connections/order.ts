/**
 * What an operator wants of a server: `eject` takes it out of the ring, `drain` also has its
 * connections close when what is in flight on them is answered, `none` is neither.
 */
export type Order = 'none' | 'eject' | 'drain';

/** An order about a server, by the names of its pool and its own. */
export interface ServerOrder {
  readonly pool: string;
  readonly server: string;
  readonly order: Order;
}

/** Connections that one client has for itself at a time. */
interface Leased<S> {
  leave(server: S): void;
  comeBack(server: S): void;
}

/** The order that a server stands under, and what it means for its connections. */
export class StandingOrder<S> {
  readonly #server: S;
  readonly #shared: { drains: boolean };
  readonly #leased: readonly Leased<S>[];
  #order: Order = 'none';

  /** @param before of the server that this one replaces: its order holds on */
  constructor(
    server: S,
    shared: { drains: boolean },
    leased: readonly Leased<S>[],
    before: StandingOrder<S> | undefined,
  ) {
    this.#server = server;
    this.#shared = shared;
    this.#leased = leased;
    if (before !== undefined) this.order = before.order;
  }

  get order(): Order {
    return this.#order;
  }

  /** The pool's ring is to follow. */
  set order(order: Order) {
    if (order === this.#order) return;
    this.#order = order;
    const drains = order === 'drain';
    for (const each of this.#leased) {
      if (drains) each.leave(this.#server);
      else each.comeBack(this.#server);
    }
    this.#shared.drains = drains;
  }
}
