import type { Clock } from '../clock.ts';
import { addressText } from '../facts.ts';
import type { Readers } from '../roles/readers.ts';
import type { ReadersStep } from '../shard.ts';
import { slotCount } from './cluster-facts.ts';
import type { ClusterMap } from './cluster-map.ts';
import { ClusterReaders, type KnownReaders, type ReadSpec } from './cluster-readers.ts';
import { type ClusterSpec, ClusterWatch } from './cluster-watch.ts';

/** Who has which slots of a pool, for those who serve its clients. */
export interface MapStep {
  readonly pool: string;
  readonly action: 'map';
  readonly map: ClusterMap;
}

/** The same for another process. */
export interface KnownCluster {
  readonly pool: string;
  readonly map: ClusterMap;
  /** Where reads go, if not to the masters alone. */
  readonly readers?: readonly KnownReaders[];
}

/** A cluster that is to be followed, and read. */
export type FollowedSpec = ClusterSpec & ReadSpec;

/** A cluster, for people. */
export interface ClusterView {
  readonly pool: string;
  /** Why nothing is known of it. */
  readonly why?: string;
  readonly ageMs: number | null;
  readonly refreshes: number;
  readonly errors: number;
  readonly asked: readonly string[];
  readonly slotsOwned: number;
  readonly nodes: readonly ClusterNodeView[];
}

/** One of its nodes. */
export interface ClusterNodeView {
  readonly id: string;
  readonly address: string;
  /** `master`, or the address of the one that it follows. */
  readonly role: string;
  readonly epoch: number;
  readonly failed: boolean;
  /** It is asked for its part in replication. */
  readonly asked: boolean;
  /** Bytes that a replica is behind; null = unknown. */
  readonly lag: number | null;
  /** Clients may read there. */
  readonly read: boolean;
  /** `0-5460 7000`, and how many they are. */
  readonly slots: string;
  readonly slotCount: number;
}

/** One of them for the metrics. */
export interface NodeSnapshot {
  readonly pool: string;
  /** The master whose data it has. */
  readonly server: string;
  readonly address: string;
  readonly role: 'master' | 'replica' | 'unknown';
  readonly lag: number | null;
  readonly read: boolean;
}

/** What clusters need of whoever runs them. */
export interface ClustersOptions {
  readonly clock: Clock;
  steer(step: MapStep | ReadersStep): void;
  say(text: string, pool: string): void;
}

interface Followed {
  readonly key: string;
  readonly seeds: ClusterSpec['seeds'];
  readonly watch: ClusterWatch;
  readonly readers: ClusterReaders;
}

/** The Redis Clusters of all pools. There is one for all processes of a proxy. */
export class Clusters {
  readonly #options: ClustersOptions;
  readonly #followed: Map<string, Followed> = new Map();
  #frozen = false;

  constructor(options: ClustersOptions) {
    this.#options = options;
  }

  /**
   * Follows these from now on; those that are followed already go on.
   * @param known what another process has found out
   */
  follow(specs: readonly FollowedSpec[], known: readonly KnownCluster[] = []): void {
    const wanted = new Set(specs.map(({ pool }) => pool));
    for (const [pool, followed] of this.#followed) {
      if (wanted.has(pool)) continue;
      stop(followed);
      this.#followed.delete(pool);
    }
    for (const spec of specs) {
      const { pool } = spec;
      const key = JSON.stringify(spec);
      const before = this.#followed.get(pool);
      if (before?.key === key) continue;
      const inherited = known.find((each) => each.pool === pool);
      const place = before === undefined ? inherited : knownFor(spec, before);
      if (before !== undefined) stop(before);
      this.#followed.set(pool, this.#newFollowed(spec, key, place));
    }
  }

  #newFollowed(spec: FollowedSpec, key: string, known: KnownCluster | undefined): Followed {
    const { pool } = spec;
    const { clock, say } = this.#options;
    const readers = new ClusterReaders(spec, {
      clock,
      onReaders: (server, found) => this.#read(pool, server, found),
    });
    let last: ClusterMap | null = known?.map ?? null;
    if (last !== null) readers.set(last, known?.readers);
    const onMap = (map: ClusterMap): void => {
      for (const line of changesOf(last, map)) say(line, pool);
      last = map;
      this.#steer(pool, map);
      readers.set(map);
    };
    const options = { clock, onMap, say: (text: string) => say(text, pool) };
    return { key, seeds: spec.seeds, readers, watch: new ClusterWatch(spec, options, last) };
  }

  #read(pool: string, server: string, readers: Readers): void {
    if (!this.#frozen) this.#options.steer({ pool, server, action: 'read', readers });
  }

  #steer(pool: string, map: ClusterMap): void {
    if (!this.#frozen) this.#options.steer({ pool, action: 'map', map });
  }

  /** Requests of clients of a pool wait. */
  onTrouble(pool: string): void {
    this.#followed.get(pool)?.watch.onTrouble();
  }

  /** A node has redirected requests. @param node its `host:port` */
  onHint(pool: string, node: string): void {
    this.#followed.get(pool)?.watch.onHint(node);
  }

  /** While it is frozen slots stay where they are; afterwards they go where they belong. */
  set frozen(frozen: boolean) {
    this.#frozen = frozen;
    if (frozen) return;
    for (const [pool, { watch, readers }] of this.#followed) {
      if (watch.map !== null) this.#steer(pool, watch.map);
      for (const each of readers.known) this.#read(pool, each.server, each.readers);
    }
  }

  /** For another process, which goes on from there. */
  get known(): KnownCluster[] {
    return [...this.#followed].flatMap(([pool, followed]) => knownOf(pool, followed) ?? []);
  }

  get views(): ClusterView[] {
    return [...this.#followed].map(([pool, { watch, readers }]) => {
      const { map, ...figures } = watch.status;
      const nodes = map?.nodes ?? [];
      const addresses = new Map(nodes.map((node) => [node.id, addressText(node)]));
      const views = nodes.map(
        (node): ClusterNodeView => ({
          id: node.id,
          address: addressText(node),
          role: node.master === null ? 'master' : (addresses.get(node.master) ?? node.master),
          epoch: node.epoch,
          failed: node.failed,
          ...readers.readingOf(node),
          slots: rangesText(node.slots),
          slotCount: slotCount(node),
        }),
      );
      const slotsOwned = views.reduce((sum, each) => sum + each.slotCount, 0);
      return { pool, ...figures, slotsOwned, nodes: views };
    });
  }

  /** Nodes that are asked for their part in replication. */
  get replicas(): NodeSnapshot[] {
    return this.views.flatMap(({ pool, nodes }) =>
      nodes.flatMap(({ address, role, failed, lag, read, asked }): NodeSnapshot[] => {
        if (!asked) return [];
        const isMaster = role === 'master';
        const server = isMaster ? address : role;
        const part = isMaster ? 'master' : 'replica';
        return [{ pool, server, address, role: failed ? 'unknown' : part, lag, read }];
      }),
    );
  }

  stop(): void {
    this.follow([]);
  }
}

function knownOf(pool: string, { watch, readers }: Followed): KnownCluster | undefined {
  const { map } = watch;
  if (map === null) return undefined;
  const { known } = readers;
  return { pool, map, ...(known.length > 0 ? { readers: known } : {}) };
}

/** What is known of a cluster, unless other seeds lead to another one. */
function knownFor({ pool, seeds }: FollowedSpec, before: Followed): KnownCluster | undefined {
  const known = knownOf(pool, before);
  const places = [...before.seeds, ...(known?.map.nodes ?? [])].map(addressText);
  return seeds.some((seed) => places.includes(addressText(seed))) ? known : undefined;
}

function stop({ watch, readers }: Followed): void {
  watch.stop();
  readers.stop();
}

function rangesText(slots: readonly (readonly [number, number])[]): string {
  return slots.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(' ');
}

/** Lines of the log: nodes that came and went, and how many slots changed their owner. */
function changesOf(before: ClusterMap | null, after: ClusterMap): string[] {
  const old = new Map(before?.nodes.map((node) => [node.id, node]));
  const lines: string[] = [];
  for (const node of after.nodes) {
    const known = old.get(node.id);
    old.delete(node.id);
    const was = known === undefined ? 0 : slotCount(known);
    const is = slotCount(node);
    const name = addressText(node);
    if (was === is) continue;
    if (is === 0) lines.push(`node ${name} has no slots any more, it had ${was}`);
    else lines.push(`node ${name} has ${is} slots (epoch ${node.epoch}), it had ${was}`);
  }
  for (const node of old.values()) {
    if (slotCount(node) > 0) lines.push(`node ${addressText(node)} has left the cluster`);
  }
  return lines;
}
