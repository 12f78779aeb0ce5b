import { PAGE_POOLS_OPEN, PAGE_SERVERS } from '../../limits.ts';
import type { PoolSnapshot } from '../snapshot.ts';

/** In place of the name of a pool: each. */
const ALL = '*';

/** Orders of the servers of a pool, the largest first but for names. */
export const SERVER_SORTS = ['name', 'requests', 'errors', 'p99', 'inflight'] as const;
export type ServerSort = (typeof SERVER_SORTS)[number];

/** What somebody wants to see of the pools, as the query of /status.json says it. */
export class Choice {
  /** What names or addresses have in them, in lower case; empty = all go. */
  readonly filter: string;
  /** Null = sick ones first. */
  readonly sort: ServerSort | null;
  readonly #servers: number;
  readonly #around: string | null;
  readonly #open: ReadonlySet<string> | null;
  readonly #unfolded: ReadonlySet<string>;

  private constructor(fields: URLSearchParams) {
    this.filter = (fields.get('filter') ?? '').toLowerCase();
    this.sort = SERVER_SORTS.find((sort) => sort === fields.get('sort')) ?? null;
    const servers = fields.get('servers') ?? '';
    this.#servers = /^[1-9][0-9]{0,5}$/.test(servers) ? Number(servers) : PAGE_SERVERS;
    this.#around = fields.get('around');
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

  /**
   * Of the servers of a pool as many as are shown: the first ones, or those next to one of them.
   * @returns also how many there are before the first of these
   */
  shown(pool: PoolSnapshot, sorted: readonly number[]): Shown {
    const isUnfolded = this.#unfolded.has(pool.name) || this.#unfolded.has(ALL);
    if (isUnfolded) return { before: 0, servers: sorted };
    const at = sorted.findIndex((index) => pool.servers[index].name === this.#around);
    const before = Math.max(0, at - this.#servers);
    return { before, servers: sorted.slice(before, Math.max(0, at) + this.#servers) };
  }
}

/** Servers, by their indexes, that are next to each other in a longer list. */
interface Shown {
  readonly before: number;
  readonly servers: readonly number[];
}
