import type { PoolStatus, Status } from '../../stats/http/status.ts';
import { usageError } from '../arguments.ts';
import type { StatusClient } from '../status-client.ts';
import { chosenPool, SORTS, type Sort, sortedPools } from './view.ts';

/** What is looked at: of all other pools and servers no more than a line is asked for. */
export interface Wish {
  readonly sort: Sort;
  /** The chosen pool; empty = the first. */
  readonly pool: string;
  /** Servers of it, before and behind the chosen one; 0 = all. */
  readonly servers: number;
  readonly server: string;
}

/** Everything that can be looked at. */
export const ALL: Wish = { sort: 'req/s', pool: '', servers: 0, server: '' };

/** Asks a running proxy for what is looked at. */
export class Looker {
  readonly #ask: StatusClient;
  readonly #only: string | null;
  /** The pool that was looked at last: most likely it still is. */
  #opened = '';
  #startedAt = 0;
  #cpuSeconds = 0;
  #at = 0;
  /** Per cent of one processor since the last look; at first since the proxy began. */
  cpu = 0;

  /** @param only the pool of this name; null = all pools */
  constructor(ask: StatusClient, only: string | null) {
    this.#ask = ask;
    this.#only = only;
  }

  /** @throws when there is no answer, or no pool of that name */
  async look(wish: Wish): Promise<Status> {
    const name = this.#only ?? wish.pool;
    let status = await this.#take(wish, name === '' ? this.#opened : name);
    const chosen = this.#chosen(status, wish);
    // Another pool is the first now, or the one that was chosen is gone.
    if (chosen !== undefined && !chosen.open) status = await this.#take(wish, chosen.name);
    this.#opened = this.#chosen(status, wish)?.name ?? '';
    this.#measure(status);
    return status;
  }

  /** All there is, of one pool or of all, servers in the order of the file. */
  async everything(): Promise<Status> {
    if (this.#only === null) return this.#ask('');
    const status = await this.#take({ ...ALL, pool: this.#only }, this.#only);
    const inOrder = (pool: PoolStatus): PoolStatus => ({
      ...pool,
      servers: [...pool.servers].sort((a, b) => a.index - b.index),
    });
    return { ...status, pools: status.pools.map(inOrder) };
  }

  #chosen(status: Status, { sort, pool }: Wish): PoolStatus | undefined {
    const pools = sortedPools(status, sort);
    return pools[chosenPool(pools, pool)];
  }

  async #take({ sort, servers, server }: Wish, open: string): Promise<Status> {
    const order = SORTS.find(({ label }) => label === sort)?.order as string;
    const fields = { brief: '', open, sort: order };
    const many = servers === 0 ? { unfold: open } : { servers: String(servers), around: server };
    const status = await this.#ask(String(new URLSearchParams({ ...fields, ...many })));
    if (this.#only === null) return status;
    const pools = status.pools.filter(({ name }) => name === this.#only);
    if (pools.length > 0) return { ...status, pools };
    const names = status.pools.map(({ name }) => name).join(', ');
    throw usageError(`there is no pool ${JSON.stringify(this.#only)}; the pools are ${names}`);
  }

  #measure({ cpuSeconds, now, startedAt }: Status): void {
    // At first, and behind a restart, it is the mean since the start.
    if (startedAt !== this.#startedAt) {
      this.#startedAt = startedAt;
      this.#at = startedAt;
      this.#cpuSeconds = 0;
    }
    const seconds = (now - this.#at) / 1000;
    if (seconds > 0) this.cpu = ((cpuSeconds - this.#cpuSeconds) / seconds) * 100;
    this.#cpuSeconds = cpuSeconds;
    this.#at = now;
  }
}
