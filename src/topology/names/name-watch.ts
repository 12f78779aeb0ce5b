import { isIP } from 'node:net';
import { NAME_LOG_MS, NAME_LOOKUPS, NAME_TICK_MS, NAME_TTL_MS } from '../../limits.ts';
import type { Clock } from '../clock.ts';
import type { Answer, DnsKind, Resolve } from './resolvers.ts';

/** A name that is looked up again and again. */
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

interface Name extends NameSpec {
  address: string | null;
  dueAt: number;
  asking: boolean;
  toldAt: number;
}

/**
 * Looks names up, a few at a time: a name server that is dead holds up nothing else. A name keeps
 * its address as long as that is among the answers, and when there are none.
 */
export class NameWatch {
  readonly #options: NameOptions;
  #names: Map<string, Name> = new Map();
  #asking = 0;
  #cancel: () => void = () => {};

  constructor(options: NameOptions) {
    this.#options = options;
  }

  /** These are looked up from now on, and no others. */
  follow(specs: readonly NameSpec[]): void {
    const before = this.#names;
    this.#names = new Map();
    for (const spec of specs) {
      if (isIP(spec.host) !== 0 || spec.host === '') continue;
      const known = this.#names.get(spec.host);
      if (known !== undefined) {
        if (spec.intervalMs < known.intervalMs) this.#names.set(spec.host, { ...known, ...spec });
        continue;
      }
      const old = before.get(spec.host);
      const toldAt = old?.toldAt ?? Number.NEGATIVE_INFINITY;
      const dueAt = this.#options.clock.now();
      const name = { ...spec, address: old?.address ?? null, dueAt, asking: false, toldAt };
      this.#names.set(spec.host, name);
    }
    for (const { host, address } of before.values()) {
      if (address !== null && !this.#names.has(host)) this.#options.onAddress(host, null);
    }
    this.#tick();
  }

  /** Where names lead. */
  get known(): readonly (readonly [host: string, address: string])[] {
    return [...this.#names.values()].flatMap(({ host, address }) =>
      address === null ? [] : [[host, address] as const],
    );
  }

  #tick(): void {
    this.#cancel();
    if (this.#names.size === 0) return;
    const now = this.#options.clock.now();
    this.#cancel = this.#options.clock.after(NAME_TICK_MS, () => this.#tick());
    for (const name of this.#names.values()) {
      if (this.#asking >= NAME_LOOKUPS) return;
      if (!name.asking && name.dueAt <= now) this.#ask(name);
    }
  }

  #ask(name: Name): void {
    const { resolvers, clock } = this.#options;
    name.asking = true;
    this.#asking++;
    const done = (wait: number): void => {
      this.#asking--;
      name.asking = false;
      name.dueAt = clock.now() + wait;
      if (this.#names.get(name.host) === name) this.#tick();
    };
    resolvers[name.dns](name.host).then(
      (answer) => {
        this.#take(name, answer);
        done(Math.min(name.intervalMs, Math.max(NAME_TTL_MS, answer.ttlMs ?? name.intervalMs)));
      },
      (error: Error) => {
        this.#tell(name, (error as NodeJS.ErrnoException).code ?? error.message);
        done(name.intervalMs);
      },
    );
  }

  #take(name: Name, { addresses }: Answer): void {
    if (this.#names.get(name.host) !== name) return;
    const found = addresses.filter((address) => isIP(address) !== 0);
    if (found.length === 0) {
      this.#tell(name, 'it has no address');
      return;
    }
    if (name.address !== null && found.includes(name.address)) return;
    const from = name.address;
    name.address = found[0];
    this.#options.onAddress(name.host, name.address);
    if (from !== null) this.#options.say(`${name.host} leads from ${from} to ${name.address} now`);
  }

  #tell(name: Name, why: string): void {
    const now = this.#options.clock.now();
    if (now - name.toldAt < NAME_LOG_MS) return;
    name.toldAt = now;
    const stays = name.address === null ? '' : `; ${name.address} stays`;
    this.#options.say(`the name ${name.host} does not resolve: ${why.slice(0, 100)}${stays}`);
  }

  stop(): void {
    this.#cancel();
    this.#names = new Map();
  }
}
