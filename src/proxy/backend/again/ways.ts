import type { Aside, SentElsewhere } from './aside-group.ts';
import { type Redirection, SLOT_ASK, SLOT_MOVED } from './redirections.ts';
import { isEarlier, placeOf } from './saved-requests.ts';
import { namesMet, namesOf, type Touched } from './touched-keys.ts';

/**
 * Each with where it goes: where it was sent, unless the node has said later that the slot has
 * moved, or where its key is asked for. It knew more by then, and the later one must not come
 * first. What was said of other keys is nothing to it. Those that go different ways and touch the
 * same go one after the other.
 */
export function lastSaid(requests: readonly Aside[]): SentElsewhere[] {
  const later = new LaterWords();
  const earlier = new EarlierWays();
  return requests
    .toReversed()
    .map((request) => {
      const redirection = later.heardBy(request.touched, request.redirection);
      later.add(request.touched, redirection);
      return { ...request, redirection };
    })
    .toReversed()
    .map(({ touched, ...request }) => ({ ...request, after: earlier.before(touched, request) }));
}

/** What a node has said of requests behind the one at hand: the latest of each. */
class LaterWords {
  readonly #ofSlot: Map<number, Redirection> = new Map();
  /** With what only scripts believe: one says what it likes. */
  readonly #toScripts: Map<number, Redirection> = new Map();
  readonly #ofKey: Map<string, Redirection> = new Map();

  heardBy({ slot, isScript, keys }: Touched, own: Redirection): Redirection {
    const ofSlot = (isScript ? this.#toScripts : this.#ofSlot).get(slot) ?? own;
    if (own.kind !== SLOT_MOVED && own.kind !== SLOT_ASK) return ofSlot;
    const key = keys?.find((each) => this.#ofKey.has(each));
    return (key === undefined ? undefined : this.#ofKey.get(key)) ?? ofSlot;
  }

  add({ slot, isScript, keys }: Touched, said: Redirection): void {
    if (said.kind === SLOT_MOVED) {
      if (!this.#toScripts.has(slot)) this.#toScripts.set(slot, said);
      if (!isScript && !this.#ofSlot.has(slot)) this.#ofSlot.set(slot, said);
    } else if (said.kind === SLOT_ASK) {
      for (const key of keys ?? []) if (!this.#ofKey.has(key)) this.#ofKey.set(key, said);
    }
  }
}

/** The latest request of a name. */
interface Latest {
  readonly way: string;
  readonly place: number;
  /** The place of the latest that goes another way; null = there is none. */
  readonly other: number | null;
}

/** Which ways the requests go that come before the one at hand. */
class EarlierWays {
  readonly #byName: Map<string, Latest> = new Map();

  /** @returns the place of the latest that touches the same and goes another way; null = none */
  before(touched: Touched, { entry, redirection }: SentElsewhere): number | null {
    const place = placeOf(entry);
    if (place === null) return null;
    const way = wayOf(redirection);
    let latest: number | null = null;
    for (const name of namesMet(touched)) {
      const met = this.#byName.get(name);
      const other = met?.way === way ? met.other : (met?.place ?? null);
      if (other === null || !isEarlier(other, place)) continue;
      if (latest === null || isEarlier(latest, other)) latest = other;
    }
    for (const name of namesOf(touched)) this.#add(name, way, place);
    return latest;
  }

  #add(name: string, way: string, place: number): void {
    const before = this.#byName.get(name);
    const other = before?.way === way ? before.other : (before?.place ?? null);
    this.#byName.set(name, { way, place, other });
  }
}

/** What is tried again goes to whoever has the slot by then. */
function wayOf({ kind, host, port }: Redirection): string {
  return kind === SLOT_MOVED || kind === SLOT_ASK ? `${kind} ${host}:${port}` : '';
}
