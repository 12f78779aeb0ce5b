import type { Clock } from '../clock.ts';
import { addressText } from '../facts.ts';
import { slotCount } from './cluster-facts.ts';
import type { ClusterMap } from './cluster-map.ts';
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
}

/** A cluster, for people. */
export interface ClusterView {
  readonly pool: string;
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
  /** `0-5460 7000`, and how many they are. */
  readonly slots: string;
  readonly slotCount: number;
}

/** What clusters need of whoever runs them. */
export interface ClustersOptions {
  readonly clock: Clock;
  steer(step: MapStep): void;
  say(text: string, pool: string): void;
}

interface Followed {
  readonly key: string;
  readonly watch: ClusterWatch;
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
  follow(specs: readonly ClusterSpec[], known: readonly KnownCluster[] = []): void {
    const wanted = new Set(specs.map(({ pool }) => pool));
    for (const [pool, { watch }] of this.#followed) {
      if (wanted.has(pool)) continue;
      watch.stop();
      this.#followed.delete(pool);
    }
    for (const spec of specs) {
      const { pool } = spec;
      const key = JSON.stringify(spec);
      const before = this.#followed.get(pool);
      if (before?.key === key) continue;
      before?.watch.stop();
      const { clock, say } = this.#options;
      let last: ClusterMap | null = before?.watch.map ?? null;
      last ??= known.find((each) => each.pool === pool)?.map ?? null;
      const onMap = (map: ClusterMap): void => {
        for (const line of changesOf(last, map)) say(line, pool);
        last = map;
        this.#steer(pool, map);
      };
      const options = { clock, onMap, say: (text: string) => say(text, pool) };
      this.#followed.set(pool, { key, watch: new ClusterWatch(spec, options, last) });
    }
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
    for (const [pool, { watch }] of this.#followed) {
      if (!frozen && watch.map !== null) this.#steer(pool, watch.map);
    }
  }

  /** For another process, which goes on from there. */
  get known(): KnownCluster[] {
    return [...this.#followed].flatMap(
      ([
        pool,
        {
          watch: { map },
        },
      ]) => {
        return map === null ? [] : [{ pool, map }];
      },
    );
  }

  get views(): ClusterView[] {
    return [...this.#followed].map(([pool, { watch }]) => {
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
          slots: rangesText(node.slots),
          slotCount: slotCount(node),
        }),
      );
      const slotsOwned = views.reduce((sum, each) => sum + each.slotCount, 0);
      return { pool, ...figures, slotsOwned, nodes: views };
    });
  }

  stop(): void {
    this.follow([]);
  }
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
