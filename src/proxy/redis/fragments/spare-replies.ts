/** What is used for one request after the other. */
export interface Reusable {
  /** It names nobody any more. */
  clear(): void;
}

/**
 * Objects that are done with, for the next requests. Who has just been told of a reply may still
 * look at what it was for, so an object is used again only in a later chunk than that which ended
 * it.
 */
export class Spares<T extends Reusable> {
  readonly #make: () => T;
  readonly #most: number;
  /** The first #count are ready, the next #fresh were given back in chunk #chunk. */
  readonly #list: (T | null)[] = [];
  #count = 0;
  #fresh = 0;
  #chunk = 0;

  /** @param most that are kept */
  constructor(make: () => T, most: number) {
    this.#make = make;
    this.#most = most;
  }

  /** @param chunk number of the chunk that is being handled */
  take(chunk: number): T {
    this.#goOn(chunk);
    if (this.#count === 0) return this.#make();
    const at = --this.#count;
    const taken = this.#list[at] as T;
    // The fresh ones stand right behind the others.
    const last = at + this.#fresh;
    this.#list[at] = this.#list[last];
    this.#list[last] = null;
    return taken;
  }

  /** Nobody will use it from the next chunk on. */
  give(spare: T, chunk: number): void {
    this.#goOn(chunk);
    const at = this.#count + this.#fresh;
    if (at === this.#most) return;
    this.#list[at] = spare;
    this.#fresh++;
  }

  #goOn(chunk: number): void {
    if (chunk === this.#chunk) return;
    this.#chunk = chunk;
    for (; this.#fresh > 0; this.#fresh--) this.#list[this.#count++]?.clear();
  }
}
