import type { Network } from '../../net/network.ts';
import type { SimProxy } from '../../proxy/sim-proxy.ts';
import type { SimRedis } from '../../servers/redis/sim-redis.ts';
import type { World } from '../../world/world.ts';
import type { Case } from '../case.ts';
import { numberOf } from '../default-keys.ts';

/** What is read where nobody has looked for so long is read by mistake. */
const STALE_MICROS = 6_000_000;
const LOOK_MICROS = 100_000;
const CLOCK_MICROS = 1_000;

/** Who is there, as far as reads of replicas go. */
interface Readable {
  readonly servers: readonly SimRedis[];
  readonly proxies: readonly SimProxy[];
  /** Whom a server follows; null = it is a master, or that is not known. */
  masterOf(server: SimRedis): SimRedis | null;
}

/** Reads that went to replicas, and whether they might (`read_from`). */
export class ReplicaReads {
  readonly complaints: string[] = [];
  /** How many were answered by a server that was never a master. */
  count = 0;
  readonly #world: World;
  readonly #network: Network;
  readonly #all: Readable;
  /** Since when a replica has been without its master, which everybody else reaches. */
  readonly #aloneSince: Map<SimRedis, number> = new Map();
  readonly #afterWriteMicros: number;

  constructor(given: Case, world: World, network: Network, all: Readable) {
    this.#world = world;
    this.#network = network;
    this.#all = all;
    const waits = given.pools.map((keys) => numberOf(keys, 'read_after_write'));
    this.#afterWriteMicros = Math.min(...waits) * 1000;
    const look = (): void => {
      for (const server of all.servers) this.#look(server);
      world.after(LOOK_MICROS, look);
    };
    look();
  }

  #look(server: SimRedis): void {
    const master = this.#all.masterOf(server);
    const isAlone = master !== null && !server.role?.inSync && this.#isReached(server, master);
    if (!isAlone) this.#aloneSince.delete(server);
    else if (!this.#aloneSince.has(server)) this.#aloneSince.set(server, this.#world.micros);
  }

  /** Whether all proxies reach both, and nothing is wrong with them. */
  #isReached(server: SimRedis, master: SimRedis): boolean {
    const areWell = [server, master].every(({ up, loop, loading }) => {
      return up && !loop.frozen && !loading;
    });
    return (
      areWell &&
      master.role?.isMaster === true &&
      this.#all.proxies.every((proxy) => {
        const isCut = (to: SimRedis): boolean => this.#network.isCut(proxy.address, to.address);
        return !proxy.loop.frozen && !isCut(server) && !isCut(master);
      })
    );
  }

  /** It was never anything but a replica. */
  isReplica(name: string): boolean {
    const server = this.#all.servers.find((each) => each.name === name);
    return server !== undefined && server.promotedAt === 0 && server.role?.isMaster === false;
  }

  /** A server has answered a read. */
  onRead(name: string, key: string): void {
    if (!this.isReplica(name)) return;
    this.count++;
    const server = this.#all.servers.find((each) => each.name === name) as SimRedis;
    // It may have got its master back a moment ago.
    this.#look(server);
    const since = this.#aloneSince.get(server) ?? this.#world.micros;
    const forMs = (this.#world.micros - since) / 1000;
    if (forMs * 1000 < STALE_MICROS) return;
    this.complaints.push(`${name} is asked for ${key}, ${forMs} ms after it has lost its master`);
  }

  /** Whether a client that has written may be answered by a replica. @param sentAt of its write */
  mayAnswer(name: string, sentAt: number, now: number): boolean {
    // Proxies count in whole milliseconds.
    return !this.isReplica(name) || now + CLOCK_MICROS >= sentAt + this.#afterWriteMicros;
  }
}
