import type { MemoryBudget } from '../../engine/memory-budget.ts';

/**
 * Room for what is kept of many clients. None gets more of it than is left to the others: however
 * much one asks for, there is some for the next.
 */
export class SharedRoom {
  readonly #limit: number;
  readonly #budget: Pick<MemoryBudget, 'count'>;
  readonly #shares: Map<number, number> = new Map();
  #used = 0;

  /** @param limit bytes */
  constructor(limit: number, budget: Pick<MemoryBudget, 'count'>) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** @returns false when there is none: nothing is taken */
  take(client: number, bytes: number): boolean {
    const share = (this.#shares.get(client) ?? 0) + bytes;
    if (share > this.#limit - this.#used - bytes) return false;
    this.#count(client, share, bytes);
    return true;
  }

  giveBack(client: number, bytes: number): void {
    this.#count(client, (this.#shares.get(client) ?? 0) - bytes, -bytes);
  }

  #count(client: number, share: number, bytes: number): void {
    if (share > 0) this.#shares.set(client, share);
    else this.#shares.delete(client);
    this.#used += bytes;
    this.#budget.count(bytes);
  }
}
