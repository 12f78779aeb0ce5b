import { MEMBERS_TOLD, SRV_INTERVAL_MS } from '../../limits.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import { type Heard, type Lookup, Lookups } from './lookups.ts';
import { membersIn, type ResolveSrv } from './srv-members.ts';

/** A name of SRV records that is looked up again and again; with an interval of 0 as usual. */
export type SrvSpec = Lookup;

/** What a watch needs of whoever runs it. */
export interface SrvOptions {
  readonly clock: Clock;
  readonly resolve: ResolveSrv;
  /** Some name lists others than before. */
  onMembers(): void;
  /** One line for the log. */
  say(text: string): void;
}

const SEPARATOR = ', ';

/** The first of a list: names are long, and there may be a thousand. */
function told(list: string): string {
  const members = list.split(SEPARATOR);
  const more = members.length - MEMBERS_TOLD;
  if (more <= 0) return list;
  return `${members.slice(0, MEMBERS_TOLD).join(SEPARATOR)} and ${more} more`;
}

/** Knows what SRV records list, each in an order of its own. */
export class SrvWatch {
  readonly #lookups: Lookups<SrvSpec, readonly Address[]>;

  constructor({ clock, resolve, onMembers, say }: SrvOptions) {
    this.#lookups = new Lookups({
      clock,
      look: async ({ name, intervalMs }) => {
        const members = membersIn(await resolve(name));
        return { value: members.length === 0 ? null : members, waitMs: intervalMs };
      },
      textOf: (members) => members.map(addressText).join(SEPARATOR),
      onChange: onMembers,
      say,
      words: {
        empty: 'it lists nobody',
        changed: (name, _from, to) => `${name} lists ${told(to)}`,
        failed: (name, why, members) => {
          const stays = members === null ? '' : '; what it listed stays';
          return `SRV records of ${name} are not to be had: ${why}${stays}`;
        },
      },
    });
  }

  /** These are looked up from now on, and no others. */
  follow(specs: readonly SrvSpec[]): void {
    this.#lookups.follow(
      specs.map(({ name, intervalMs }) => {
        return { name, intervalMs: intervalMs === 0 ? SRV_INTERVAL_MS : intervalMs };
      }),
    );
  }

  /** What a name lists; null = that is not known yet. */
  membersOf(name: string): readonly Address[] | null {
    return this.#lookups.valueOf(name);
  }

  /** The same, and when it was said last. */
  heard(name: string): Heard<readonly Address[]> | null {
    return this.#lookups.heard(name);
  }

  stop(): void {
    this.#lookups.stop();
  }
}
