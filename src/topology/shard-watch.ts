import {
  CONFIRM_MS,
  PROMOTION_DOUBT_MS,
  PROMOTION_MS,
  SENTINEL_DISTRUST_MS,
  SENTINEL_LAG_MS,
  SENTINEL_RESET_MS,
  SENTINEL_VIEW_MS,
} from '../limits.ts';
import {
  type Address,
  addressText,
  type MasterFacts,
  type SentinelEvent,
  sameAddress,
} from './facts.ts';
import type { Fence } from './roles/fence.ts';

/** What a shard's watch has done by others. */
export interface ShardActions {
  /** Requests for the shard wait. */
  hold(): void;
  /** They go to where they went before. */
  release(): void;
  /** The master is there now. */
  move(to: Address): void;
  /** Asks a server for its role, as often as that makes sense, until told to stop. */
  probe(server: Address): void;
  stopProbe(): void;
  /** Asks all sentinels now. */
  askSentinels(): void;
  /** One line for the log. */
  say(text: string): void;
}

/** Where a shard is, as it goes to other processes. */
export interface ShardPlace {
  readonly address: Address;
  /** The configuration epoch of the sentinels. */
  readonly epoch: number;
}

/** All of it that whoever goes on with the watch must know. */
export interface ShardStart extends ShardPlace {
  /** It is newer than what sentinels say: for a while they name the master before it. */
  readonly ahead?: boolean;
  /** The replica that is told to be a master: requests wait for it. */
  readonly promoting?: Address | null;
  /** It has been seen to be a replica since. */
  readonly wasReplica?: boolean;
  /** The history of the data of the master, where servers say themselves what they are. */
  readonly replid?: string;
  /** When its servers refuse to write by themselves, where somebody has to know. */
  readonly fences?: Readonly<Record<string, Fence>>;
}

/** What one sentinel said last. */
interface View extends MasterFacts {
  readonly replicas: ReadonlySet<string>;
  /** Those of them that are well, and say that they are replicas. */
  readonly healthy: ReadonlySet<string>;
  readonly at: number;
}

/** Whom most of those sentinels name that answer. */
interface Named extends MasterFacts {
  /** They are most of all there are. */
  readonly byMostOfAll: boolean;
}

/** A server that should become the master, or be it. */
interface Candidate {
  readonly address: Address;
  readonly since: number;
  /** The sentinel that has announced its promotion; BY_MOST or BY_ANOTHER_WATCH. */
  readonly announcedBy: number;
  readonly epoch: number;
  /** It has said since that it is a replica: when it is a master next, it has become one. */
  wasReplica: boolean;
}

const NONE: ReadonlySet<string> = new Set();
/** Most sentinels say that it is the master. */
const BY_MOST = -1;
/** The watch that this one goes on from has heard of the promotion. */
const BY_ANOTHER_WATCH = -2;

/**
 * Where the master of one shard is, from what sentinels say. What most of them say counts, at the
 * newest epoch, and of all that there are when it is lower than the one known; that a promotion
 * begins one alone can say. No server is taken that most of them do
 * not know as the master or a replica of the shard, and none before it says itself that it is a
 * master. When one sentinel alone names it, it must have been a replica first, by its own word or
 * that of most sentinels: an old master that is back says for ten seconds that it is one. So a
 * single sentinel that lies, or is behind, leads nobody astray. A promotion that most of them go on
 * not to know of is believed as long as the server says that it is a master.
 */
export class ShardWatch {
  readonly #actions: ShardActions;
  readonly #now: () => number;
  /** How many there are, whether they answer or not. */
  readonly #sentinels: number;
  #place: ShardPlace;
  readonly #views: Map<number, View> = new Map();
  readonly #distrusted: Map<number, number> = new Map();
  /** Sentinels that have taken an announcement back, and until when that is remembered. */
  readonly #aborted: Map<number, number> = new Map();
  #candidate: Candidate | null = null;
  /** A promotion was seen before most sentinels knew of it: until then the old one is named. */
  #aheadSince: number | null = null;
  /** When the master in use was asked last whether it is one still. */
  #doubtedAt = 0;
  /** It has not answered yet. */
  #doubting = false;
  /** Since when most sentinels name another master at a lower epoch, and which. */
  #lowerSince: number | null = null;
  #lower = '';

  /** @param sentinels how many there are @param now milliseconds of a clock that never goes back */
  constructor(
    { address, epoch, ahead }: ShardStart,
    sentinels: number,
    actions: ShardActions,
    now: () => number,
  ) {
    this.#sentinels = sentinels;
    this.#place = { address, epoch };
    this.#aheadSince = ahead ? now() : null;
    this.#actions = actions;
    this.#now = now;
  }

  /** Goes on with a promotion that another watch has heard of. */
  begin({ promoting = null, wasReplica = false }: ShardStart): void {
    if (promoting !== null) this.#await(promoting, BY_ANOTHER_WATCH, wasReplica);
  }

  get place(): ShardPlace {
    return this.#place;
  }

  /** Another watch has gone on until now: what it knows better is done. */
  learn(start: ShardStart): void {
    const { address, epoch, ahead = false } = start;
    if (this.state === 'switching') return;
    const isNewer = ahead ? epoch >= this.#place.epoch : epoch > this.#place.epoch;
    if (isNewer && !sameAddress(address, this.#place.address)) {
      this.#candidate = null;
      this.#doubting = false;
      this.#actions.stopProbe();
      this.#place = { address, epoch };
      this.#aheadSince = ahead ? this.#now() : null;
      this.#actions.move(address);
    }
    this.begin(start);
  }

  /** For a watch that goes on from here. */
  get start(): ShardStart {
    const ahead = this.#aheadSince !== null;
    if (this.state !== 'switching') return { ...this.#place, ahead, promoting: null };
    const { address: promoting, wasReplica } = this.#candidate as Candidate;
    return { ...this.#place, ahead, promoting, wasReplica };
  }

  /** What is going on. */
  get state(): 'steady' | 'switching' | 'confirming' {
    if (this.#candidate === null) return 'steady';
    return this.#candidate.announcedBy === BY_MOST ? 'confirming' : 'switching';
  }

  /** Replicas that most sentinels list. */
  get replicas(): string[] {
    const names = new Set([...this.#fresh()].flatMap(({ replicas }) => [...replicas]));
    return [...names].filter((name) => this.#isKnown(name)).sort();
  }

  /** A sentinel has answered. */
  onView(
    sentinel: number,
    facts: MasterFacts,
    replicas: ReadonlySet<string>,
    healthy: ReadonlySet<string> = NONE,
  ): void {
    this.#views.set(sentinel, { ...facts, replicas, healthy, at: this.#now() });
    this.#review();
  }

  /** A sentinel cannot be asked, or does not know the master: what it said does not count. */
  onSilence(sentinel: number): void {
    this.#views.delete(sentinel);
  }

  onEvent(sentinel: number, { type, address }: SentinelEvent): void {
    if (type === '+failover-state-send-slaveof-noone') {
      if (address !== null) this.#onPromotion(sentinel, address);
    } else if (type.startsWith('-failover-abort-')) {
      const by = this.#candidate?.announcedBy;
      if (by === sentinel || by === BY_ANOTHER_WATCH) this.#onAbort(sentinel);
    } else {
      this.#actions.askSentinels();
    }
  }

  /** Once is an accident; again and again, requests would wait for ever. */
  #onAbort(sentinel: number): void {
    const until = this.#now() + SENTINEL_DISTRUST_MS;
    if ((this.#aborted.get(sentinel) ?? 0) > this.#now()) this.#distrusted.set(sentinel, until);
    this.#aborted.set(sentinel, until);
    this.#giveUp('the failover is aborted');
  }

  /** A replica is told to be a master: the old one's writes are worth nothing from now on. */
  #onPromotion(sentinel: number, address: Address): void {
    if ((this.#distrusted.get(sentinel) ?? 0) > this.#now()) return;
    if (sameAddress(address, this.#place.address) || !this.#isKnown(addressText(address))) return;
    if (this.#candidate !== null && this.#candidate.announcedBy !== BY_MOST) return;
    this.#await(address, sentinel, this.#wasHealthy(addressText(address)));
  }

  #await(address: Address, announcedBy: number, wasReplica: boolean): void {
    const { epoch } = this.#place;
    this.#actions.hold();
    this.#ask({ address, since: this.#now(), announcedBy, epoch, wasReplica });
  }

  #ask(candidate: Candidate): void {
    this.#doubting = false;
    this.#candidate = candidate;
    this.#actions.probe(candidate.address);
  }

  /** The server that is asked for its role has answered. */
  onRole(server: Address, isMaster: boolean): void {
    const candidate = this.#candidate;
    if (this.#doubting && sameAddress(this.#place.address, server)) this.#onDoubted(isMaster);
    if (candidate === null || !sameAddress(candidate.address, server)) return;
    if (!isMaster) candidate.wasReplica = true;
    else if (candidate.wasReplica || candidate.announcedBy === BY_MOST) this.#take(candidate);
  }

  /** Most do not know of its promotion: it was taken back, or they have not heard of it. */
  #doubt(): void {
    const now = this.#now();
    if (this.#aheadSince === null || this.#candidate !== null) return;
    if (now - Math.max(this.#aheadSince, this.#doubtedAt) < PROMOTION_DOUBT_MS) return;
    this.#doubtedAt = now;
    this.#doubting = true;
    this.#actions.probe(this.#place.address);
  }

  #onDoubted(isMaster: boolean): void {
    this.#endDoubt();
    if (isMaster) return;
    this.#aheadSince = null;
    this.#actions.say(`${addressText(this.#place.address)} is no master any more`);
    this.#review();
  }

  #endDoubt(): void {
    if (!this.#doubting) return;
    this.#doubting = false;
    this.#actions.stopProbe();
  }

  #take(candidate: Candidate): void {
    const { address, announcedBy } = candidate;
    const from = addressText(this.#place.address);
    this.#candidate = null;
    this.#actions.stopProbe();
    this.#aheadSince = announcedBy === BY_MOST ? null : this.#now();
    this.#lowerSince = null;
    // What most say may be lower; beside an announcement they may have named a newer one meanwhile.
    const least = announcedBy === BY_MOST ? 0 : this.#place.epoch;
    this.#place = { address, epoch: Math.max(candidate.epoch, least) };
    this.#actions.move(address);
    const how = announcedBy === BY_MOST ? `, epoch ${candidate.epoch}` : ', just promoted';
    this.#actions.say(`the master has moved from ${from} to ${addressText(address)}${how}`);
    this.#actions.askSentinels();
  }

  /** Time goes by: called often while something is going on. */
  onTick(): void {
    const candidate = this.#candidate;
    if (this.#now() - this.#doubtedAt >= PROMOTION_DOUBT_MS) this.#endDoubt();
    if (candidate === null) return;
    const waited = this.#now() - candidate.since;
    if (candidate.announcedBy === BY_MOST) {
      if (waited >= CONFIRM_MS) this.#giveUp('it does not say that it is a master');
    } else if (waited >= PROMOTION_MS) {
      this.#distrusted.set(candidate.announcedBy, this.#now() + SENTINEL_DISTRUST_MS);
      this.#giveUp('it was announced and did not become the master');
    }
  }

  #giveUp(why: string): void {
    const candidate = this.#candidate;
    if (candidate === null) return;
    this.#candidate = null;
    this.#actions.stopProbe();
    if (candidate.announcedBy !== BY_MOST) this.#actions.release();
    this.#actions.say(`${addressText(candidate.address)} is not taken for the master: ${why}`);
    this.#actions.askSentinels();
  }

  #fresh(): View[] {
    const oldest = this.#now() - SENTINEL_VIEW_MS;
    return [...this.#views.values()].filter(({ at }) => at >= oldest);
  }

  /** Whether most sentinels know the server as the master or a replica of the shard. */
  #isKnown(server: string): boolean {
    const views = this.#fresh();
    const knowing = views.filter(
      ({ address, replicas }) => addressText(address) === server || replicas.has(server),
    );
    return knowing.length * 2 > views.length;
  }

  /** Whether most sentinels have seen a moment ago that the server is a replica, and well. */
  #wasHealthy(server: string): boolean {
    const views = this.#fresh();
    return views.filter(({ healthy }) => healthy.has(server)).length * 2 > views.length;
  }

  /** Whom most sentinels that answer name, and the newest epoch for which they are most. */
  #majority(): Named | null {
    const views = this.#fresh();
    for (const { address } of views) {
      const naming = views.filter((view) => sameAddress(view.address, address));
      if (naming.length * 2 <= views.length) continue;
      const epochs = naming.map(({ epoch }) => epoch).sort((a, b) => b - a);
      const byMostOfAll = naming.length * 2 > this.#sentinels;
      return { address, epoch: epochs[views.length >> 1], byMostOfAll };
    }
    return null;
  }

  #review(): void {
    const named = this.#majority();
    if (named === null) return;
    const { address, epoch } = this.#place;
    if (sameAddress(named.address, address)) {
      this.#lowerSince = null;
      this.#endDoubt();
      if (named.epoch > epoch || this.#aheadSince === null) {
        this.#place = { address, epoch: Math.max(epoch, named.epoch) };
      }
      if (named.epoch > epoch) this.#aheadSince = null;
      if (this.state === 'confirming') this.#giveUp('most sentinels name another');
      return;
    }
    const candidate = this.#candidate;
    const isCandidate = candidate !== null && sameAddress(candidate.address, named.address);
    if (this.state === 'switching') {
      // Not one sentinel alone any more; that it is a master is said within a moment.
      if (isCandidate) candidate.wasReplica = true;
      return;
    }
    if (isCandidate) return;
    if (!this.#isNewer(named)) {
      if (named.byMostOfAll) this.#doubt();
      return;
    }
    const since = this.#now();
    this.#ask({ ...named, since, announcedBy: BY_MOST, wasReplica: false });
  }

  /** Whether another master than the one in use is to be believed. */
  #isNewer({ address, epoch, byMostOfAll }: Named): boolean {
    const now = this.#now();
    const ahead = this.#aheadSince !== null;
    if (ahead && epoch <= this.#place.epoch) {
      // Sentinels that have not heard of the promotion yet.
      if (now - (this.#aheadSince as number) < SENTINEL_LAG_MS) return false;
    } else if (epoch >= this.#place.epoch) return true;
    // Those who are silent may know better: that an epoch is lower some who are behind can say.
    if (!byMostOfAll) {
      this.#lowerSince = null;
      return false;
    }
    const text = addressText(address);
    if (this.#lowerSince === null || this.#lower !== text) {
      this.#lowerSince = now;
      this.#lower = text;
    }
    return now - this.#lowerSince >= SENTINEL_RESET_MS;
  }
}
