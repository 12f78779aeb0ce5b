import type { PoolConfig } from '../../../config/index.ts';

/** A place where clients find a proxy. */
export interface Door {
  readonly host: string;
  readonly port: number;
}

/** Clients that went to one proxy go to another from now on. */
export interface DoorMove {
  readonly from: Door;
  readonly to: Door;
}

/** `host:port` */
export function doorText({ host, port }: Door): string {
  return `${host}:${port}`;
}

type Announcing = Pick<PoolConfig, 'announce'>;

/**
 * The proxies that a pool's `announce` names: this one first, then others, of which it is known
 * whether they are there. All proxies that hear the same come to the same heirs.
 */
export class Doors {
  readonly #pool: { readonly config: Announcing };
  /** Those that are not there. */
  down: ReadonlySet<string> = new Set();

  constructor(pool: { readonly config: Announcing }) {
    this.#pool = pool;
  }

  /** All of them, in an order that is the same everywhere. */
  get sorted(): readonly Door[] {
    return [...this.#pool.config.announce].sort((a, b) => (doorText(a) < doorText(b) ? -1 : 1));
  }

  isDown(door: Door): boolean {
    return this.down.has(doorText(door)) && !this.#isOwn(door);
  }

  #isOwn(door: Door): boolean {
    return door === this.#pool.config.announce[0];
  }

  /** The next that is there, itself if it is; there is always one, since this proxy is. */
  heirOf(door: Door): Door {
    const { sorted } = this;
    const at = sorted.findIndex((each) => doorText(each) === doorText(door));
    const behind = [...sorted.slice(at), ...sorted.slice(0, at)];
    return behind.find((each) => !this.isDown(each)) ?? door;
  }

  /** @param down of others, as `host:port` @returns where clients of those go that have gone */
  set(down: readonly string[]): DoorMove[] {
    const before = this.down;
    this.down = new Set(down);
    return this.sorted
      .filter((door) => this.isDown(door) && !before.has(doorText(door)))
      .map((from) => ({ from, to: this.heirOf(from) }));
  }

  /** @returns where clients of this proxy find it, if that is elsewhere than before */
  changedFrom({ announce: [from] }: Announcing): DoorMove[] {
    const [to] = this.#pool.config.announce;
    const isSame = from === undefined || to === undefined || doorText(from) === doorText(to);
    return isSame ? [] : [{ from, to }];
  }
}
