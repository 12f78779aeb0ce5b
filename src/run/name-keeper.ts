import { type Config, isSrv, type PoolConfig } from '../config/index.ts';
import { LOG_NOTICE, type Log } from '../log.ts';
import { ADDRESSES } from '../net/addresses/address-book.ts';
import { SYSTEM_CLOCK } from '../topology/clock.ts';
import { type NameSpec, NameWatch } from '../topology/names/name-watch.ts';
import { RESOLVERS } from '../topology/names/resolvers.ts';
import type { KnownAddresses, NameAddresses, Serving } from './serving.ts';

/** Looks the names of a program's servers up, for all its processes. */
export class NameKeeper {
  readonly #watch: NameWatch;
  #serving: Pick<Serving, 'setAddresses'> | null = null;
  #frozen = false;
  /** Where names lead for all: what is found out while that is frozen is not told. */
  readonly #told: Map<string, string> = new Map();

  /** @param inherited where names led for the process before this one */
  constructor(log: Log, inherited: KnownAddresses = []) {
    this.#watch = new NameWatch(
      {
        clock: SYSTEM_CLOCK,
        resolvers: RESOLVERS,
        onAddress: (host, address) => {
          if (!this.#frozen) this.#tell([[host, address]]);
        },
        say: (text) => log.write(LOG_NOTICE, text, { event: 'name' }),
      },
      inherited,
    );
    this.#tell(inherited);
  }

  #tell(addresses: NameAddresses): void {
    // Pools compare with where the name led before.
    this.#serving?.setAddresses(addresses);
    for (const [host, address] of addresses) {
      ADDRESSES.set(host, address);
      if (address === null) this.#told.delete(host);
      else this.#told.set(host, address);
    }
  }

  start(serving: Pick<Serving, 'setAddresses'>, config: Config): void {
    this.#serving = serving;
    this.follow(config);
  }

  /** The program goes on with another configuration. */
  follow({ pools }: Config): void {
    this.#watch.follow(pools.flatMap(namesOf));
  }

  /** Where names lead, for a process that starts. */
  get known(): KnownAddresses {
    return [...this.#told];
  }

  /** While it is frozen names lead where they led. */
  set frozen(frozen: boolean) {
    this.#frozen = frozen;
    if (frozen) return;
    const known = new Map(this.#watch.known);
    const gone = [...this.#told.keys()].filter((host) => !known.has(host));
    const news: NameAddresses = [...known, ...gone.map((host) => [host, null] as const)];
    if (news.length > 0) this.#tell(news);
  }

  stop(): void {
    this.#watch.stop();
  }
}

function namesOf({ dnsIntervalMs, dns, servers, replicas, sentinels }: PoolConfig): NameSpec[] {
  if (dnsIntervalMs === 0) return [];
  const hosts = [...servers, ...replicas, ...sentinels].map(({ host }) => host);
  return hosts
    .filter((host) => !isSrv(host))
    .map((host) => ({ host, dns, intervalMs: dnsIntervalMs }));
}
