import { isIP } from 'node:net';
import { NAME_TTL_MS } from '../../limits.ts';
import type { Clock } from '../clock.ts';
import { type Found, type Lookup, Lookups, type LookupWords } from './lookups.ts';
import type { DnsKind, Resolve } from './resolvers.ts';

/** A host whose name is looked up again and again. */
export interface NameSpec {
  readonly host: string;
  readonly intervalMs: number;
  readonly dns: DnsKind;
}

/** What a watch needs of whoever runs it. */
export interface NameOptions {
  readonly clock: Clock;
  readonly resolvers: Readonly<Record<DnsKind, Resolve>>;
  /** A name leads there from now on; null = it is not looked up any more. */
  onAddress(host: string, address: string | null): void;
  /** One line for the log. */
  say(text: string): void;
}

type HostLookup = NameSpec & Lookup;

const WORDS: LookupWords = {
  empty: 'it has no address',
  changed: (host, from, to) => (from === null ? '' : `${host} leads from ${from} to ${to} now`),
  failed: (host, why, address) => {
    const stays = address === null ? '' : `; ${address} stays`;
    return `the name ${host} does not resolve: ${why}${stays}`;
  },
};

/** Knows where names of hosts lead. One keeps its address as long as that is among the answers. */
export class NameWatch {
  readonly #options: NameOptions;
  readonly #lookups: Lookups<HostLookup, string>;

  /** @param inherited where names lead by the word of another process */
  constructor(options: NameOptions, inherited: NameWatch['known'] = []) {
    const { clock, say, onAddress } = options;
    this.#options = options;
    this.#lookups = new Lookups<HostLookup, string>(
      {
        clock,
        look: (spec, before) => this.#look(spec, before),
        textOf: (address) => address,
        onChange: onAddress,
        say,
        words: WORDS,
      },
      inherited,
    );
  }

  /** These are looked up from now on, and no others. */
  follow(specs: readonly NameSpec[]): void {
    const names = specs.filter(({ host }) => isIP(host) === 0 && host !== '');
    const wanted = new Set(names.map(({ host }) => host));
    for (const [host] of this.known) if (!wanted.has(host)) this.#options.onAddress(host, null);
    this.#lookups.follow(names.map((spec) => ({ ...spec, name: spec.host })));
  }

  async #look({ host, dns, intervalMs }: NameSpec, before: string | null): Promise<Found<string>> {
    const { addresses, ttlMs } = await this.#options.resolvers[dns](host);
    const found = addresses.filter((address) => isIP(address) !== 0);
    const stays = before !== null && found.includes(before);
    const waitMs = Math.min(intervalMs, Math.max(NAME_TTL_MS, ttlMs ?? intervalMs));
    return { value: stays ? before : (found[0] ?? null), waitMs };
  }

  /** Where names lead. */
  get known(): readonly (readonly [host: string, address: string])[] {
    return this.#lookups.known;
  }

  stop(): void {
    this.#lookups.stop();
  }
}
