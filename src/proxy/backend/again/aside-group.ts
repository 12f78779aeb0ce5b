import { WAITING_REQUEST_BYTES } from '../../../limits.ts';
import type { Redirection } from './redirections.ts';
import type { SavedRequest } from './saved-requests.ts';
import { namesMet, namesOf, type Touched } from './touched-keys.ts';

/** A request that a node of a cluster has not executed, and where it has sent it. */
export interface SentElsewhere extends SavedRequest {
  readonly redirection: Redirection;
}

/** The same, with what it touches: that is worked out once. */
export interface Aside extends SentElsewhere {
  readonly touched: Touched;
}

type Named = Map<string, Set<Aside>>;

/** What is set aside of one client, oldest first. What is done with it costs no more than it. */
export class AsideGroup {
  readonly #requests: Set<Aside> = new Set();
  /** Null until something is executed behind them: mostly nothing is. */
  #byName: Named | null = null;
  /** They may go when so many have left the connection, of all that ever were in flight. */
  last = 0;

  get requests(): Iterable<Aside> {
    return this.#requests;
  }

  get isEmpty(): boolean {
    return this.#requests.size === 0;
  }

  add(request: Aside): void {
    this.#requests.add(request);
    if (this.#byName !== null) addTo(this.#byName, request);
  }

  remove(request: Aside): void {
    this.#requests.delete(request);
    if (this.#byName === null) return;
    for (const name of namesOf(request.touched)) {
      const others = this.#byName.get(name);
      others?.delete(request);
      if (others?.size === 0) this.#byName.delete(name);
    }
  }

  /** Those that are not as if before when a request that touches this was. */
  metBy(touched: Touched): ReadonlySet<Aside> {
    this.#byName ??= this.#named();
    const met = new Set<Aside>();
    for (const name of namesMet(touched)) {
      for (const each of this.#byName.get(name) ?? []) met.add(each);
    }
    return met;
  }

  #named(): Named {
    const named: Named = new Map();
    for (const each of this.#requests) addTo(named, each);
    return named;
  }
}

function addTo(named: Named, request: Aside): void {
  for (const name of namesOf(request.touched)) {
    const others = named.get(name);
    if (others === undefined) named.set(name, new Set([request]));
    else others.add(request);
  }
}

/** What it counts for, with the names that it is found by. */
export function sizeOf({ bytes, touched: { keys, reads } }: Aside): number {
  const names = (keys?.length ?? 0) * (reads ? 1 : 2);
  return bytes.length + WAITING_REQUEST_BYTES * (1 + names);
}
