import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText, sameAddress } from '../facts.ts';
import { lagOf, type Readers, type ReadPolicy, readersOf, sameReaders } from '../roles/readers.ts';
import { ShardServers } from '../roles/shard-servers.ts';
import type { ClusterMap, MappedNode } from './cluster-map.ts';

/** Whose replicas are read, and how its nodes are reached. */
export interface ReadSpec {
  readonly reads: ReadPolicy;
  login(): readonly string[] | null;
  readonly tls: DialTarget['tls'];
}

/** What they need of whoever runs them. */
export interface ReadersOptions {
  readonly clock: Clock;
  /** Reads of the slots of a master go to these. @param server its `host:port` */
  onReaders(server: string, readers: Readers): void;
}

/** Where reads of one master go, for another process. */
export interface KnownReaders {
  readonly server: string;
  readonly readers: Readers;
}

/** What a node is to those who read. */
export interface NodeReading {
  /** It is asked for its part in replication. */
  readonly asked: boolean;
  /** Bytes that a replica is behind; null = unknown, or it is a master. */
  readonly lag: number | null;
  readonly read: boolean;
}

interface Shard {
  readonly master: Address;
  readonly servers: ShardServers;
  readers: Readers;
}

/** Which replicas are fit to be read, of each master of a cluster that has slots. */
export class ClusterReaders {
  readonly #spec: ReadSpec;
  readonly #options: ReadersOptions;
  /** By the name of the master. */
  readonly #shards: Map<string, Shard> = new Map();

  constructor(spec: ReadSpec, options: ReadersOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  /** Nodes are these from now on. @param known where reads go already */
  set({ nodes }: ClusterMap, known: readonly KnownReaders[] = []): void {
    if (this.#spec.reads.from === 'master') return;
    const masters = new Map(
      nodes.filter(({ slots }) => slots.length > 0).map((node) => [addressText(node), node]),
    );
    for (const [name, { servers }] of this.#shards) {
      if (masters.has(name)) continue;
      servers.close();
      this.#shards.delete(name);
    }
    for (const [name, master] of masters) {
      const shard = this.#shards.get(name) ?? this.#open(name, master, known);
      const replicas = nodes.filter(({ master: id, failed }) => id === master.id && !failed);
      shard.servers.set([master, ...replicas].map(({ host, port }) => ({ host, port })));
    }
  }

  #open(name: string, { host, port }: MappedNode, known: readonly KnownReaders[]): Shard {
    const { login, tls } = this.#spec;
    const access = { login, tls, clock: this.#options.clock };
    const shard: Shard = {
      master: { host, port },
      servers: new ShardServers(access, () => this.#review(name, shard)),
      readers: known.find(({ server }) => server === name)?.readers ?? [],
    };
    this.#shards.set(name, shard);
    return shard;
  }

  #review(name: string, shard: Shard): void {
    const { views } = shard.servers;
    const readers = readersOf(this.#spec.reads, shard.master, views, shard.readers);
    if (sameReaders(readers, shard.readers)) return;
    shard.readers = readers;
    this.#options.onReaders(name, readers);
  }

  /** Where reads go, if not to the masters alone. */
  get known(): KnownReaders[] {
    return [...this.#shards]
      .filter(([, { readers }]) => readers.length > 0)
      .map(([server, { readers }]) => ({ server, readers }));
  }

  /** What a node is, for people. */
  readingOf(node: Pick<MappedNode, 'host' | 'port' | 'slots'>): NodeReading {
    for (const { master, servers, readers } of this.#shards.values()) {
      const view = servers.viewOf(node);
      if (view === null) continue;
      const isMaster = sameAddress(master, node);
      const read =
        readers.some((each) => sameAddress(each ?? master, node)) ||
        (isMaster && readers.length === 0);
      const facts = servers.viewOf(master)?.facts ?? null;
      return { asked: true, lag: lagOf(facts, view.facts), read };
    }
    return { asked: false, lag: null, read: node.slots.length > 0 };
  }

  stop(): void {
    for (const { servers } of this.#shards.values()) servers.close();
    this.#shards.clear();
  }
}
