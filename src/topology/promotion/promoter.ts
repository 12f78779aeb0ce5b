import {
  PROMOTION_REPORT_MS,
  PROMOTION_RETRY_MS,
  PROMOTION_RETRY_RANDOM_MS,
  REPAIR_AFTER_MS,
} from '../../limits.ts';
import { type Address, addressText, sameAddress } from '../facts.ts';
import type { ServerView, ShardServers } from '../roles/shard-servers.ts';
import type { ShardPlace } from '../shard-watch.ts';
import { isHeard } from './fence.ts';
import { type Lease, leaseOf } from './lease.ts';
import type { PromoterParts } from './parts.ts';
import { type Plan, planOf, type Situation, stragglersOf } from './plan.ts';
import type { PromotionView } from './promotion-view.ts';
import type { PromotionRecord, WitnessFacts } from './record.ts';
import { STATE_DOWN, STATE_FROZEN, STATE_UP } from './script.ts';
import { ShardRecord } from './shard-record.ts';
import { Standstill } from './standstill.ts';
import { carryOut, type Worker } from './work.ts';

/**
 * Replaces the master of one shard when most proxies say that it is down. Who may do so is decided
 * by the witnesses, and so is which server it shall be; every proxy goes where most witnesses say
 * that a promotion is done, and nowhere else.
 */
export class Promoter implements Worker {
  readonly parts: PromoterParts;
  readonly id: string;
  readonly key: string;
  readonly record: ShardRecord;
  /** What most witnesses have said, since this began; null = nothing. */
  #confirmed: PromotionRecord | null = null;
  #okAt: number;
  #wrongSince: number | null = null;
  /** Somebody has decided on it, and it is a master already. */
  #promoted: { readonly record: PromotionRecord; readonly at: number } | null = null;
  readonly #standstill: Standstill;
  #busy = false;
  #held = false;
  #tryAt = 0;
  #told = '';
  #whySince: { readonly why: string; readonly at: number } = { why: '', at: 0 };
  #warned = false;
  #stopped = false;
  /** What this one has done since it began. */
  readonly #counts = { leases: 0, leasesRefused: 0, promoted: 0, failed: 0 };
  #cancel: () => void = () => {};

  constructor(parts: PromoterParts) {
    const { spec, witnesses, clock } = parts;
    const members = new Set([spec.address, ...spec.replicas].map(addressText));
    this.parts = parts;
    this.id = parts.id;
    this.key = `ringway:${spec.pool}:${spec.server}`;
    this.record = new ShardRecord(witnesses, members);
    this.#okAt = clock.now();
    this.#standstill = new Standstill(clock.now());
    witnesses.users++;
    this.#tick();
  }

  get now(): number {
    return this.parts.clock.now();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get place(): ShardPlace {
    const { address } = this.parts.watch.place;
    return { address, epoch: this.#confirmed?.epoch ?? 0 };
  }

  /** Another master is decided on, and nothing is sent to the one before. */
  get switching(): boolean {
    return this.#held;
  }

  get state(): 'steady' | 'suspect' | 'switching' {
    if (this.#held) return 'switching';
    return this.#isDown ? 'suspect' : 'steady';
  }

  get view(): PromotionView {
    const { servers, isFrozen } = this.parts;
    const fence = servers.fenceOf(this.place.address);
    return {
      ...this.#counts,
      ...this.record.figures(this.now),
      fenced: fence === null ? null : fence.toWrite > 0,
      frozen: isFrozen() || this.record.isFrozen(this.now),
      down: this.#isDown,
    };
  }

  // --- what this proxy sees --------------------------------------------------------------------

  #view(address: Address): ServerView | null {
    return this.parts.servers.viewOf(address);
  }

  /** It was not seen for `down_after`, and no replica hears it: else the fault would be here. */
  get #isDown(): boolean {
    const { spec, servers } = this.parts;
    const { downAfterMs } = spec.promotion;
    if (this.now - this.#okAt < downAfterMs) return false;
    const master = this.#view(this.place.address);
    return master === null || !isHeard(master, this.#fenced(servers), downAfterMs);
  }

  #fenced(servers: ShardServers) {
    const fenceOf = ({ address }: ServerView) => servers.fenceOf(address);
    return { views: servers.views, fenceOf };
  }

  /** One of the servers has said something. */
  onFacts(): void {
    const { servers } = this.parts;
    if (this.#view(this.place.address)?.facts?.isMaster) this.#okAt = this.now;
    const wrong = stragglersOf({ views: servers.views, place: this.place }).length > 0;
    if (!wrong) this.#wrongSince = null;
    else this.#wrongSince ??= this.now;
    this.#warn();
  }

  /** Once: a master that would go on acknowledging cannot be replaced. */
  #warn(): void {
    const { spec, servers, say } = this.parts;
    const fence = servers.fenceOf(this.place.address);
    if (this.#warned || fence === null || fence.toWrite > 0 || spec.promotion.unfenced) return;
    this.#warned = true;
    say(
      `nothing can be promoted: ${addressText(this.place.address)} acknowledges writes without ` +
        'replicas; expected min-replicas-to-write 1 or more and a min-replicas-max-lag',
    );
  }

  // --- what the proxies tell each other ----------------------------------------------------------

  #tick(): void {
    const { witnesses, clock, isFrozen } = this.parts;
    this.#cancel = clock.after(PROMOTION_REPORT_MS, () => this.#tick());
    this.#noticeStandstill();
    const state = isFrozen() ? STATE_FROZEN : this.#isDown ? STATE_DOWN : STATE_UP;
    const { epoch, address, term } = this.#confirmed ?? { epoch: 0, address: null, term: 0 };
    const place = address === null ? '' : addressText(address);
    const words = ['report', this.id, state, String(epoch), place, String(term)];
    witnesses.tell(this.key, words, (witness, facts) => this.#onFacts(witness, facts));
    if (this.now >= this.#tryAt) this.#begin();
  }

  /** What was sent to the master meanwhile would be lost if another one has been decided on. */
  #noticeStandstill(): void {
    if (this.#standstill.begins(this.now, this.record.isHeard(this.now))) {
      this.record.forget();
      if (!this.#held) this.parts.hold();
    }
    this.#endStandstill();
  }

  #endStandstill(): void {
    const ends = this.#standstill.ends(this.now, this.record.isHeard(this.now));
    if (ends && !this.#held) this.parts.release();
  }

  #onFacts(witness: number, facts: WitnessFacts): void {
    if (this.#stopped) return;
    this.record.take(witness, facts, this.now);
    const done = this.record.agreed(this.now, true);
    if (done !== null && done.epoch >= this.place.epoch) this.settle(done);
    const decided = this.record.agreed(this.now, false);
    if (decided !== null && !decided.done && decided.epoch > this.place.epoch) this.hold();
    this.#endStandstill();
  }

  /** Another master is decided on: what the one before acknowledges from now on would be lost. */
  hold(): void {
    if (this.#held || this.#stopped) return;
    this.#held = true;
    this.parts.hold();
  }

  /** Most witnesses have it written down that this is the master. */
  settle(record: PromotionRecord): void {
    if (this.#stopped) return;
    const before = this.place;
    const isKnown = this.#confirmed?.epoch === record.epoch;
    this.#confirmed = record;
    if (isKnown && sameAddress(before.address, record.address)) return;
    const wasHeld = this.#held;
    this.#held = false;
    this.#okAt = this.now;
    this.#warned = false;
    const { watch, release, say } = this.parts;
    if (sameAddress(before.address, record.address)) {
      if (wasHeld) release();
      return;
    }
    watch.settle({ address: record.address, epoch: record.epoch });
    const [from, to] = [before.address, record.address].map(addressText);
    say(`the master has moved from ${from} to ${to}, epoch ${record.epoch}`);
  }

  // --- what is to be done ------------------------------------------------------------------------

  /** @param newer of the witnesses that have granted a lease */
  situation(newer: PromotionRecord | null): Situation {
    const { spec, servers, watch } = this.parts;
    const { downAfterMs, unfenced } = spec.promotion;
    return {
      ...this.#fenced(servers),
      place: this.place,
      newer,
      promotedMs: this.#promotedMs(newer),
      down: this.#isDown && this.record.isDown(this.now),
      awayMs: this.now - this.#okAt,
      heir: watch.heir,
      replid: watch.replid,
      repairs: this.#wrongSince !== null && this.now - this.#wrongSince >= REPAIR_AFTER_MS,
      downAfterMs,
      unfenced,
    };
  }

  #promotedMs(newer: PromotionRecord | null): number {
    const facts = newer === null ? null : (this.#view(newer.address)?.facts ?? null);
    const isOther = newer === null || this.#promoted === null || !sameServer(newer, this.#promoted);
    if (isOther || facts?.isMaster === false) this.#promoted = null;
    if (newer === null || facts?.isMaster !== true) return 0;
    this.#promoted ??= { record: newer, at: this.now };
    return this.now - this.#promoted.at;
  }

  /** Nobody wants that nothing is changed. */
  get mayAct(): boolean {
    return !this.#stopped && !this.parts.isFrozen() && !this.record.isFrozen(this.now);
  }

  #begin(): void {
    if (this.#busy || !this.mayAct || !this.record.isHeard(this.now)) return;
    const plan = planOf(this.situation(this.record.newest(this.now, this.place.epoch)));
    this.#tell(plan);
    if (plan.kind === 'nothing') return;
    this.#busy = true;
    const over = (): void => {
      this.#busy = false;
      this.#tryAt = this.now + PROMOTION_RETRY_MS + Math.random() * PROMOTION_RETRY_RANDOM_MS;
    };
    this.#try().then(over, (error: Error) => {
      this.parts.say(`the promotion has failed: ${error.message}`);
      over();
    });
  }

  async #try(): Promise<void> {
    const lease: Lease | null = await leaseOf(this);
    this.#counts[lease === null ? 'leasesRefused' : 'leases']++;
    if (lease === null || !this.mayAct) return;
    const plan = planOf(this.situation(lease.newest));
    // After a promotion nobody does anything for a while.
    if (!(await this.#carryOut(plan, lease))) lease.release();
  }

  /** @returns whether there was a promotion */
  async #carryOut(plan: Plan, lease: Lease): Promise<boolean> {
    if (plan.kind !== 'promote') return carryOut(this, plan, lease);
    let isPromoted = false;
    try {
      isPromoted = await carryOut(this, plan, lease);
    } finally {
      this.#counts[isPromoted ? 'promoted' : 'failed']++;
    }
    return isPromoted;
  }

  /** Why there is no promotion, once, when that does not pass by itself. */
  #tell(plan: Plan): void {
    const why = plan.kind === 'nothing' ? plan.why : '';
    if (why !== this.#whySince.why) this.#whySince = { why, at: this.now };
    if (why === '') this.#told = '';
    if (why === this.#told || this.now - this.#whySince.at < REPAIR_AFTER_MS) return;
    this.#told = why;
    this.parts.say(`nothing is promoted: ${why}`);
  }

  stop(): void {
    if (this.#standstill.waits && !this.#held) this.parts.release();
    this.#stopped = true;
    this.#cancel();
    this.parts.witnesses.users--;
  }
}

/** Whether a record is about the promotion that was seen. */
function sameServer(
  { epoch, address }: PromotionRecord,
  { record }: { readonly record: PromotionRecord },
): boolean {
  return epoch === record.epoch && sameAddress(address, record.address);
}
