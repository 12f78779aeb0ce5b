import type { World } from '../../world/world.ts';

const LOOK_MICROS = 50_000;

/** Servers that come to rest by themselves. */
export interface Settled {
  readonly settled: boolean;
}

/** Since when nothing is wrong any more: the last fault is over, and each shard has one master. */
export class Settling {
  readonly #shards: Settled | null;
  readonly #healedAt: () => number;
  #settledAt: number;

  constructor(world: World, shards: Settled | null, healedAt: () => number) {
    this.#shards = shards;
    this.#healedAt = healedAt;
    this.#settledAt = 0;
    if (shards === null) return;
    const look = (): void => {
      if (!shards.settled) this.#settledAt = Number.POSITIVE_INFINITY;
      else if (this.#settledAt === Number.POSITIVE_INFINITY) this.#settledAt = world.micros;
      world.after(LOOK_MICROS, look);
    };
    look();
  }

  /** Since when shards are at rest, whatever is wrong otherwise; Infinity while they are not. */
  get restSince(): number {
    return this.#settledAt;
  }

  get since(): number {
    const healed = this.#healedAt();
    return this.#shards === null ? healed : Math.max(healed, this.#settledAt);
  }
}
