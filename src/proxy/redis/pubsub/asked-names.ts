import { SENTINEL_NAMES } from '../../../limits.ts';

/** With so many a name is nobody's own. */
const SEVERAL = 2;

/**
 * Names by which clients have asked for their master. When there are too many, the one goes that
 * was asked for longest ago by who asks alone for most: nobody pushes out what others ask for.
 */
export class AskedNames {
  /** From which hosts each was asked for, SEVERAL at most; the latest name last. */
  readonly #askers: Map<string, Set<string>> = new Map();

  get all(): Iterable<string> {
    return this.#askers.keys();
  }

  note(name: string, host: string): void {
    const askers = this.#askers.get(name) ?? new Set();
    if (askers.size < SEVERAL) askers.add(host);
    this.#askers.delete(name);
    this.#askers.set(name, askers);
    if (this.#askers.size > SENTINEL_NAMES) this.#askers.delete(this.#superfluous);
  }

  get #superfluous(): string {
    const counts = new Map<string, number>();
    // Never the latest.
    const old = [...this.#askers].slice(0, -1);
    for (const [, askers] of old) {
      const own = ownerOf(askers);
      if (own !== null) counts.set(own, (counts.get(own) ?? 0) + 1);
    }
    let [[found], most] = [old[0], 0];
    for (const [name, askers] of old) {
      const count = counts.get(ownerOf(askers) ?? '') ?? 0;
      if (count > most) [found, most] = [name, count];
    }
    return found;
  }
}

/** Who asks for it alone; null = several do. */
function ownerOf(askers: ReadonlySet<string>): string | null {
  if (askers.size === SEVERAL) return null;
  const [host] = askers;
  return host;
}
