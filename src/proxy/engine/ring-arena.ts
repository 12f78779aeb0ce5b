/** A piece of the arena that holds the descriptor and ring of one pool. */
export interface RingRegion {
  readonly at: number;
  readonly bytes: number;
}

/**
 * The part of the arena for rings. It has spare room, so that a reload can lay new rings beside
 * those in use and switch at once. First fit; neighbours that are free grow together.
 */
export class RingArena {
  /** Ascending by address, never touching each other. */
  #free: RingRegion[];

  constructor(at: number, bytes: number) {
    this.#free = [{ at, bytes }];
  }

  /** @returns null when there is no room */
  take(bytes: number): RingRegion | null {
    const index = this.#free.findIndex((region) => region.bytes >= bytes);
    if (index < 0) return null;
    const region = this.#free[index];
    if (region.bytes === bytes) this.#free.splice(index, 1);
    else this.#free[index] = { at: region.at + bytes, bytes: region.bytes - bytes };
    return { at: region.at, bytes };
  }

  give(region: RingRegion): void {
    const all = [...this.#free, region].sort((a, b) => a.at - b.at);
    const merged: RingRegion[] = [];
    for (const next of all) {
      const last = merged.at(-1);
      if (last !== undefined && last.at + last.bytes === next.at) {
        merged[merged.length - 1] = { at: last.at, bytes: last.bytes + next.bytes };
      } else {
        merged.push(next);
      }
    }
    this.#free = merged;
  }
}
