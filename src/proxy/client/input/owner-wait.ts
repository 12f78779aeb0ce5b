import { FLAG_SPECIAL, NO_SERVER } from '../../../protocol/frame-table.ts';
import type { SavedState } from '../../engine/engine.ts';
import { infoOf, isRouted, serverOf } from '../../engine/saved-scan.ts';
import { MAY_WAIT, type Requester, type Router, WAIT } from '../router.ts';

/** Whether all that matters of an unfinished request is its key, and no server has that. */
export function isKeyNowhere(saved: SavedState): boolean {
  return (infoOf(saved) & FLAG_SPECIAL) === 0 && isRouted(saved) && serverOf(saved) === NO_SERVER;
}

/**
 * A large request of which no node of the cluster is known to have the slot. It waits like a
 * smaller one, and its client is not read; where that takes too long it goes on, and has an error
 * in the end.
 */
export class OwnerWait {
  readonly #client: Requester & { readonly router: Router };
  /** It waits. */
  active = false;

  constructor(client: Requester & { readonly router: Router }) {
    this.#client = client;
  }

  /** More is known, or it has waited long enough. */
  get isOver(): boolean {
    return this.active && this.#client.waitsFor?.full !== true;
  }

  /** @param plain its client may have it sent by its key @returns whether it waits */
  look(saved: SavedState, plain: boolean): boolean {
    const { pool, router, lane } = this.#client;
    const { slots } = pool;
    this.active =
      slots !== null &&
      (!slots.known || (plain && isKeyNowhere(saved))) &&
      router.choose(this.#client, NO_SERVER, lane, MAY_WAIT) === null &&
      router.verdict === WAIT;
    return this.active;
  }

  end(): void {
    this.active = false;
  }
}
