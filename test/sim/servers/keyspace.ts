/** What a key holds. */
export type Value =
  /** Flags are of memcached. */
  | { readonly type: 'string'; readonly bytes: Buffer; readonly flags?: number }
  | { readonly type: 'list'; readonly items: readonly Buffer[] };

interface Entry {
  readonly value: Value;
  /** Millisecond at which it is gone; 0 = never. */
  readonly expiresAt: number;
}

/** Told of what changes. */
export interface KeyspaceObserver {
  /** @param value null: the key is gone */
  onChange(db: number, key: string, value: Value | null): void;
}

/** A key and what it holds from now on. */
export interface KeyEffect {
  readonly db: number;
  readonly key: string;
  readonly value: Value | null;
  readonly expiresAt: number;
}

export const DATABASES = 16;

/** The databases of one simulated Redis. Keys are latin1 texts. */
export class Keyspace {
  readonly #dbs: readonly Map<string, Entry>[] = Array.from({ length: DATABASES }, () => new Map());
  readonly #now: () => number;
  observer: KeyspaceObserver | null = null;
  #isReplaced = false;
  /** Told of each change, to have it done elsewhere. */
  onEffect: ((effect: KeyEffect) => void) | null = null;
  /** Changes of each key, by database and name. */
  readonly #versions: Map<string, number> = new Map();

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Data are lost, come from a master, or go elsewhere: changes are nobody's writes meanwhile. */
  get isReplaced(): boolean {
    return this.#isReplaced;
  }

  /** Does what is nobody's write. */
  replace(run: () => void): void {
    this.#isReplaced = true;
    run();
    this.#isReplaced = false;
  }

  #entry(db: number, key: string): Entry | null {
    const entry = this.#dbs[db].get(key);
    if (entry === undefined) return null;
    if (entry.expiresAt === 0 || entry.expiresAt > this.#now()) return entry;
    this.remove(db, key);
    return null;
  }

  get(db: number, key: string): Value | null {
    return this.#entry(db, key)?.value ?? null;
  }

  /** When the key is gone; 0 = never. The key must be there. */
  expiryOf(db: number, key: string): number {
    return this.#entry(db, key)?.expiresAt ?? 0;
  }

  set(db: number, key: string, value: Value, expiresAt = 0): void {
    this.#dbs[db].set(key, { value, expiresAt });
    this.#changed(db, key, value, expiresAt);
  }

  /** @returns whether it was there */
  remove(db: number, key: string): boolean {
    if (!this.#dbs[db].delete(key)) return false;
    this.#changed(db, key, null, 0);
    return true;
  }

  #changed(db: number, key: string, value: Value | null, expiresAt: number): void {
    const name = `${db} ${key}`;
    this.#versions.set(name, this.versionOf(name) + 1);
    this.observer?.onChange(db, key, value);
    this.onEffect?.({ db, key, value, expiresAt });
  }

  /** Another number after each change of a key. @param name database and key, a blank between */
  versionOf(name: string): number {
    return this.#versions.get(name) ?? 0;
  }

  size(db: number): number {
    return this.keys(db).length;
  }

  keys(db: number): string[] {
    return [...this.#dbs[db].keys()].filter((key) => this.#entry(db, key) !== null);
  }

  /** All that it holds. */
  snapshot(): KeyEffect[] {
    return this.#dbs.flatMap((entries, db) => {
      return [...entries].map(([key, { value, expiresAt }]) => ({ db, key, value, expiresAt }));
    });
  }

  flush(db: number): void {
    for (const key of [...this.#dbs[db].keys()]) this.remove(db, key);
  }

  flushAll(): void {
    for (let db = 0; db < DATABASES; db++) this.flush(db);
  }
}
