import type { Aside, SentElsewhere } from './aside-group.ts';
import { type Redirection, SLOT_ASK, SLOT_MOVED } from './redirections.ts';
import type { Touched } from './touched-keys.ts';

/**
 * Each with where it goes: where it was sent, unless the node has said later that the slot has
 * moved, or where its key is asked for. It knew more by then, and the later one must not come
 * first. What was said of other keys is nothing to it.
 */
export function lastSaid(requests: readonly Aside[]): SentElsewhere[] {
  const later = new LaterWords();
  return requests
    .toReversed()
    .map(({ touched, redirection, ...saved }) => {
      const last = later.heardBy(touched, redirection);
      later.add(touched, last);
      return { ...saved, redirection: last };
    })
    .toReversed();
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
