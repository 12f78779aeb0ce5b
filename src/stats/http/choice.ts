import { PAGE_POOLS_OPEN, PAGE_SERVERS } from '../../limits.ts';

/** In place of the name of a pool: each. */
const ALL = '*';

/** What somebody wants to see of the pools, as the query of /status.json says it. */
export class Choice {
  /** What names or addresses have in them, in lower case; empty = all go. */
  readonly filter: string;
  readonly #open: ReadonlySet<string> | null;
  readonly #unfolded: ReadonlySet<string>;

  private constructor(fields: URLSearchParams) {
    this.filter = (fields.get('filter') ?? '').toLowerCase();
    this.#open = fields.has('open') ? new Set(fields.getAll('open')) : null;
    this.#unfolded = new Set(fields.getAll('unfold'));
  }

  /** @returns null for a query that asks for everything */
  static of(query: string): Choice | null {
    const fields = new URLSearchParams(query);
    return fields.has('brief') ? new Choice(fields) : null;
  }

  has(text: string): boolean {
    return text.toLowerCase().includes(this.filter);
  }

  /** @param pools how many there are */
  isOpen(pool: string, pools: number): boolean {
    if (this.#open === null) return pools <= PAGE_POOLS_OPEN;
    return this.#open.has(pool) || this.#open.has(ALL);
  }

  /** Of the servers of a pool as many as are shown. */
  first(pool: string, servers: readonly number[]): readonly number[] {
    const isUnfolded = this.#unfolded.has(pool) || this.#unfolded.has(ALL);
    return isUnfolded ? servers : servers.slice(0, PAGE_SERVERS);
  }
}
