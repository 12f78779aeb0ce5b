/** Whoever wants to hear of all keys that begin alike. */
export interface PrefixReader {
  /** latin1; '' = all keys. */
  readonly prefixes: ReadonlySet<string>;
}

/** Beginnings of keys, and who wants to hear of these. Names are latin1. */
export class Prefixes<R extends PrefixReader> {
  readonly #readers: Map<string, Set<R>> = new Map();
  /** The lengths there are. */
  #lengths: readonly number[] = [];

  get size(): number {
    return this.#readers.size;
  }

  add(reader: R, prefix: string): void {
    const readers = this.#readers.get(prefix);
    if (readers !== undefined) {
      readers.add(reader);
      return;
    }
    this.#readers.set(prefix, new Set([reader]));
    this.#measure();
  }

  remove(reader: R): void {
    for (const prefix of reader.prefixes) {
      const readers = this.#readers.get(prefix);
      readers?.delete(reader);
      if (readers?.size === 0) this.#readers.delete(prefix);
    }
    this.#measure();
  }

  #measure(): void {
    const lengths = new Set([...this.#readers.keys()].map(({ length }) => length));
    this.#lengths = [...lengths].sort((a, b) => a - b);
  }

  /** Who wants to hear of the keys, by prefix, and of which of them. */
  sort(keys: readonly Buffer[]): Map<ReadonlySet<R>, Buffer[]> {
    const sorted: Map<ReadonlySet<R>, Buffer[]> = new Map();
    for (const key of keys) {
      const text = key.toString('latin1');
      for (const length of this.#lengths) {
        if (length > text.length) break;
        const readers = this.#readers.get(text.slice(0, length));
        if (readers === undefined) continue;
        const list = sorted.get(readers);
        if (list === undefined) sorted.set(readers, [key]);
        else list.push(key);
      }
    }
    return sorted;
  }

  /** The fewest prefixes that stand for all: none begins another, since servers refuse that. */
  cover(): string[] {
    const cover: string[] = [];
    for (const prefix of [...this.#readers.keys()].sort()) {
      const last = cover.at(-1);
      if (last === undefined || !prefix.startsWith(last)) cover.push(prefix);
    }
    return cover;
  }
}

/** Whether each of `prefixes` begins like one of `cover`. */
export function covers(cover: readonly string[], prefixes: Iterable<string>): boolean {
  for (const prefix of prefixes) {
    if (!cover.some((each) => prefix.startsWith(each))) return false;
  }
  return true;
}
