import {
  CLUSTER_ASK_MS,
  CLUSTER_HINT_MS,
  CLUSTER_LINKS,
  CLUSTER_LOOK_MS,
  CLUSTER_LOOKOUTS,
  CLUSTER_POLL_MS,
  CLUSTER_TROUBLE_MS,
  CLUSTER_TROUBLE_POLL_MS,
  CLUSTER_VIEW_MS,
  SENTINEL_LOG_MS,
} from '../../limits.ts';
import type { DialTarget } from '../../net/dial.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';
import type { Reply } from '../reply-reader.ts';
import { type NodesView, nodesView } from './cluster-facts.ts';
import { type ClusterMap, type DatedView, mergeViews, sameMap } from './cluster-map.ts';
import { clusterState, Recoveries } from './cluster-state.ts';
import { NodeLink } from './node-link.ts';

/** A Redis Cluster that is to be followed. */
export interface ClusterSpec {
  readonly pool: string;
  /** Any of its nodes: where others are learned from. */
  readonly seeds: readonly Address[];
  /** Tells one login from another: of the secret in it there is only a digest. */
  readonly access: string;
  /** Words of AUTH for the nodes; asked each time, since they may change. */
  login(): readonly string[] | null;
  /** How nodes are reached. */
  readonly tls: DialTarget['tls'];
}

/** What a watch needs of whoever runs it. */
export interface ClusterWatchOptions {
  readonly clock: Clock;
  onMap(map: ClusterMap): void;
  say(text: string): void;
}

/** What is known of a cluster, for people. */
export interface ClusterStatus {
  readonly map: ClusterMap | null;
  /** How often nodes were asked, and how often what they said was of no use. */
  readonly refreshes: number;
  readonly errors: number;
  /** Since the last answer; null before the first. */
  readonly ageMs: number | null;
  readonly asked: readonly string[];
}

/** Whose word it is what another watch has put together. */
const NOBODY = '';

/**
 * Asks the nodes of one cluster who has which slots, at most once a second: one of them every few
 * seconds; the one that redirected requests, soon after it did; and while requests wait the one by
 * whose account more is served than before. To hear of that, nodes are asked how the cluster is,
 * several times a second. What they say of slots is put together by epochs.
 */
export class ClusterWatch {
  readonly #spec: ClusterSpec;
  readonly #options: ClusterWatchOptions;
  readonly #links: Map<string, NodeLink> = new Map();
  /** When each address was asked last, or could not be. */
  readonly #askedAt: Map<string, number> = new Map();
  #views: Map<string, DatedView> = new Map();
  #map: ClusterMap | null;
  readonly #recoveries: Recoveries = new Recoveries();
  #troubleUntil = 0;
  #pollAt = 0;
  /** Who should be asked as soon as that may be; an empty name = anybody. */
  #wanted: string | null = null;
  /** The one that was asked last, until it answers. */
  #unanswered: string | null = null;
  #hint: { readonly address: Address; readonly at: number } | null = null;
  #lastAsk = Number.NEGATIVE_INFINITY;
  #heardAt: number | null = null;
  #saidAt = Number.NEGATIVE_INFINITY;
  #refreshes = 0;
  #errors = 0;
  #cancel: () => void = () => {};

  /** @param known what another process has found out */
  constructor(spec: ClusterSpec, options: ClusterWatchOptions, known: ClusterMap | null) {
    this.#spec = spec;
    this.#options = options;
    this.#map = known;
    // Beside it a node that is behind takes no slot back.
    if (known !== null) this.#views.set(NOBODY, { me: NOBODY, ...known, at: options.clock.now() });
    this.#tick();
  }

  #tick(): void {
    const { clock } = this.#options;
    this.#cancel = clock.after(CLUSTER_LOOK_MS, () => this.#tick());
    const now = clock.now();
    if (this.#heardAt === null) {
      for (const address of this.#candidates) this.#ask(address, now);
      return;
    }
    const isTrouble = now < this.#troubleUntil;
    const isLong = isTrouble && now - this.#lastAsk >= CLUSTER_TROUBLE_POLL_MS;
    if (isLong || now >= this.#pollAt) this.#wanted ??= '';
    this.#askWanted(now);
    if (isTrouble) this.#look();
  }

  /** The one that knows more is asked, or the one that has redirected requests, or another. */
  #askWanted(now: number): void {
    if (now - this.#lastAsk < CLUSTER_ASK_MS) return;
    const hint = this.#hint;
    const wanted = this.#wanted;
    if (wanted !== null) {
      const address = this.#candidates.find((each) => addressText(each) === wanted);
      if (address === undefined || !this.#ask(address, now)) this.#askAny(now);
    } else if (hint !== null && now >= hint.at) {
      this.#ask(hint.address, now);
    }
  }

  /** One node after the other is asked how the cluster is. */
  #look(): void {
    const [oldest] = this.#links.keys();
    if (this.#links.size >= CLUSTER_LOOKOUTS) {
      this.#used(oldest).look();
      return;
    }
    const candidates = this.#candidates;
    const address = candidates[Math.floor(Math.random() * candidates.length)];
    if (address !== undefined) this.#linkTo(address, addressText(address)).look();
  }

  /** Those that may be asked: the nodes that are known, or the seeds if none of these answers. */
  get #candidates(): Address[] {
    const nodes = this.#map?.nodes.filter(({ failed }) => !failed) ?? [];
    const isLost = nodes.length === 0 || this.#links.size === 0;
    return isLost ? [...this.#spec.seeds, ...nodes] : nodes;
  }

  #askAny(now: number): void {
    const candidates = this.#candidates;
    const from = Math.floor(Math.random() * candidates.length);
    for (let i = 0; i < candidates.length; i++) {
      if (this.#ask(candidates[(from + i) % candidates.length], now)) return;
    }
  }

  /** @returns false when it was asked a moment ago */
  #ask(address: Address, now: number): boolean {
    const text = addressText(address);
    if (now - (this.#askedAt.get(text) ?? Number.NEGATIVE_INFINITY) < CLUSTER_ASK_MS) return false;
    this.#noteAsked(text, now);
    this.#wanted = null;
    if (this.#hint !== null && addressText(this.#hint.address) === text) this.#hint = null;
    this.#unanswered = text;
    this.#pollAt = now + CLUSTER_POLL_MS * (0.8 + Math.random() * 0.4);
    this.#lastAsk = now;
    this.#refreshes++;
    this.#linkTo(address, text).ask();
    return true;
  }

  #noteAsked(text: string, now: number): void {
    this.#askedAt.delete(text);
    this.#askedAt.set(text, now);
    for (const [other, at] of this.#askedAt) {
      if (now - at < CLUSTER_ASK_MS) break;
      this.#askedAt.delete(other);
    }
  }

  /** The link that was used longest ago makes room for another. */
  #linkTo(address: Address, text: string): NodeLink {
    const known = this.#links.get(text);
    if (known !== undefined) return this.#used(text);
    const link = this.#open(address, text);
    this.#links.set(text, link);
    for (const [other, each] of this.#links) {
      if (this.#links.size <= CLUSTER_LINKS) break;
      this.#links.delete(other);
      each.close();
    }
    return link;
  }

  #used(text: string): NodeLink {
    const link = this.#links.get(text) as NodeLink;
    this.#links.delete(text);
    this.#links.set(text, link);
    return link;
  }

  #open(address: Address, text: string): NodeLink {
    const { tls } = this.#spec;
    const { clock } = this.#options;
    const target = { kind: 'tcp', ...address, path: '', tls } as const;
    const link: NodeLink = new NodeLink(target, () => this.#spec.login(), clock, {
      onAnswer: (nodes, slots) => this.#onAnswer(address, nodes, slots),
      onState: (info) => this.#onState(text, info),
      onDown: (reason) => {
        if (this.#links.get(text) !== link) return;
        this.#links.delete(text);
        if (this.#unanswered === text) this.#wanted ??= '';
        this.#wrong(`node ${text} cannot be asked: ${reason}`);
      },
    });
    return link;
  }

  #onState(text: string, info: Reply): void {
    const state = clusterState(info);
    if (state !== null && !this.#recoveries.sees(text, state)) return;
    // Where nodes do not say it they are asked for all: any of them, as one may be cut off.
    this.#wanted = state === null ? '' : text;
    this.#askWanted(this.#options.clock.now());
  }

  #onAnswer(address: Address, nodes: unknown, slots: unknown): void {
    const now = this.#options.clock.now();
    if (this.#unanswered === addressText(address)) this.#unanswered = null;
    const view = nodesView(nodes as never, slots as never, address);
    if (view === null) {
      this.#wrong(`node ${addressText(address)} does not say who has which slots`);
      return;
    }
    this.#heardAt = now;
    this.#recoveries.begin();
    const inherited = this.#views.get(NOBODY);
    if (inherited !== undefined && !isOneCluster(inherited, view)) this.#views.delete(NOBODY);
    this.#views.delete(view.me);
    this.#views.set(view.me, { ...view, at: now });
    for (const [me, { at }] of this.#views) {
      if (now - at > CLUSTER_VIEW_MS && this.#views.size > 1) this.#views.delete(me);
    }
    const map = mergeViews([...this.#views.values()]);
    if (this.#map !== null && sameMap(map, this.#map)) return;
    this.#map = map;
    this.#options.onMap(map);
  }

  #wrong(text: string): void {
    this.#errors++;
    const now = this.#options.clock.now();
    if (now - this.#saidAt < SENTINEL_LOG_MS) return;
    this.#saidAt = now;
    this.#options.say(text);
  }

  /** Requests of clients wait. */
  onTrouble(): void {
    const now = this.#options.clock.now();
    // What has happened until now may be all that there is to hear of.
    if (now >= this.#troubleUntil) this.#wanted ??= '';
    this.#troubleUntil = now + CLUSTER_TROUBLE_MS;
    if (this.#heardAt !== null) this.#askWanted(now);
  }

  /** A node has redirected requests: it knows more. */
  onHint(text: string): void {
    const address = this.#map?.nodes.find((node) => addressText(node) === text);
    if (address === undefined) return;
    this.#hint ??= { address, at: this.#options.clock.now() + CLUSTER_HINT_MS };
  }

  get map(): ClusterMap | null {
    return this.#map;
  }

  get status(): ClusterStatus {
    const { clock } = this.#options;
    return {
      map: this.#map,
      refreshes: this.#refreshes,
      errors: this.#errors,
      ageMs: this.#heardAt === null ? null : Math.round(clock.now() - this.#heardAt),
      asked: [...this.#links.keys()],
    };
  }

  stop(): void {
    this.#cancel();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}

/** Whether they know any node in common: seeds may lead to another cluster than before. */
function isOneCluster(a: NodesView, b: NodesView): boolean {
  const ids = new Set(a.nodes.map(({ id }) => id));
  return b.nodes.some(({ id }) => ids.has(id));
}
