import type { Random } from '../../../fuzz/random.ts';
import type { Reply } from '../../clients/reply-stream.ts';
import { integer } from '../redis/resp.ts';
import type { Bus } from './bus.ts';
import type { Member, Membership } from './membership.ts';
import { slotsIn } from './slots.ts';

/** The node that may be elected. */
export interface Candidate {
  readonly now: number;
  readonly nodeTimeoutMs: number;
  readonly membership: Membership;
  readonly random: Random;
  /** Of its master's log. */
  readonly offset: number;
  /** Milliseconds since its link to its master was whole. */
  readonly dataAgeMs: number;
  /** `cluster-replica-no-failover`. */
  readonly neverFailsOver: boolean;
  /** It is a master from now on. */
  promoted(): void;
}

/** A manual failover: until when, and where the master's log ended when it stopped. */
interface Manual {
  readonly until: number;
  offset: number | null;
  readonly takesOver: boolean;
}

const MANUAL_MS = 5_000;
const LONGEST_AGE_FACTOR = 10;
const PING_PERIOD_MS = 10_000;

/** How a replica takes the place of its master, and how masters vote. */
export class Election {
  readonly #candidate: Candidate;
  readonly #bus: Bus;
  #startAt = 0;
  #epoch = 0;
  #votes = 0;
  #until = 0;
  #manual: Manual | null = null;
  /** By master: when a vote for one of its replicas was given. */
  readonly #votedAt: Map<string, number> = new Map();

  constructor(candidate: Candidate, bus: Bus) {
    this.#candidate = candidate;
    this.#bus = bus;
  }

  get #master(): Member | null {
    const { membership } = this.#candidate;
    const id = membership.me.master;
    return id === null ? null : (membership.members.get(id) ?? null);
  }

  /** CLUSTER FAILOVER. @param takesOver without anybody's consent */
  beginManual(force: boolean, takesOver: boolean): void {
    const { now, offset } = this.#candidate;
    this.#manual = { until: now + MANUAL_MS, offset: force ? offset : null, takesOver };
    this.#epoch = 0;
    const master = this.#master;
    if (master === null || force) return;
    this.#bus.linkTo(master).ask(['BUSPAUSE', String(MANUAL_MS * 2)], (reply: Reply) => {
      if (this.#manual !== null && reply.kind === 'integer') this.#manual.offset = reply.value;
    });
  }

  tick(): void {
    const { now, nodeTimeoutMs, membership, random } = this.#candidate;
    if (this.#manual !== null && now > this.#manual.until) this.#manual = null;
    const master = this.#master;
    if (membership.isMaster || master === null || membership.slotsOf(master.id) === '') {
      this.#startAt = 0;
      return;
    }
    if (this.#manual !== null) {
      if (this.#manual.takesOver) this.#win(++membership.currentEpoch);
      else if (this.#manual.offset === null || this.#candidate.offset < this.#manual.offset) return;
      else if (this.#epoch === 0) this.#ask(true);
      return;
    }
    if (!master.failed || this.#isStale || this.#candidate.neverFailsOver) {
      this.#startAt = 0;
      return;
    }
    if (this.#startAt === 0 || now > this.#until) {
      this.#startAt = now + 500 + random.below(500);
      this.#until = this.#startAt + 4 * nodeTimeoutMs;
      this.#epoch = 0;
    } else if (now >= this.#startAt && this.#epoch === 0) this.#ask(false);
  }

  get #isStale(): boolean {
    const { dataAgeMs, nodeTimeoutMs } = this.#candidate;
    return dataAgeMs > PING_PERIOD_MS + nodeTimeoutMs * LONGEST_AGE_FACTOR;
  }

  #ask(isManual: boolean): void {
    const { membership } = this.#candidate;
    membership.currentEpoch++;
    const epoch = membership.currentEpoch;
    this.#epoch = epoch;
    this.#votes = 0;
    const { id, master } = membership.me;
    const { slots, epoch: config } = membership.headerOf(membership.me, 0);
    const words = [String(epoch), id, master ?? '', String(config), isManual ? '1' : '0', slots];
    for (const voter of membership.voters) {
      this.#bus.linkTo(voter).ask(['BUSVOTE', ...words], (reply) => {
        if (reply.kind !== 'integer' || reply.value !== 1 || this.#epoch !== epoch) return;
        if (++this.#votes === membership.majority) this.#win(epoch);
      });
    }
  }

  #win(epoch: number): void {
    const { membership } = this.#candidate;
    const master = this.#master;
    if (master === null) return;
    this.#epoch = 0;
    this.#manual = null;
    this.#startAt = 0;
    const { me } = membership;
    me.epoch = epoch;
    me.master = null;
    for (const slot of slotsIn(membership.slotsOf(master.id))) membership.own(slot, me.id);
    this.#candidate.promoted();
    this.#bus.broadcast();
  }

  /** BUSVOTE. @returns one for a vote */
  vote(words: readonly string[]): Buffer {
    const [epochText, id, masterId, config, isManual, slots] = words;
    const { membership, now, nodeTimeoutMs } = this.#candidate;
    const epoch = Number(epochText);
    const no = integer(0);
    if (!membership.isMaster || membership.slotsOf(membership.me.id) === '') return no;
    membership.currentEpoch = Math.max(membership.currentEpoch, epoch);
    if (epoch < membership.currentEpoch || membership.votedIn >= epoch) return no;
    const master = membership.members.get(masterId);
    if (master === undefined || membership.members.get(id)?.master !== masterId) return no;
    if (!master.failed && isManual !== '1') return no;
    const votedAt = this.#votedAt.get(masterId) ?? Number.NEGATIVE_INFINITY;
    if (now - votedAt < 2 * nodeTimeoutMs) return no;
    for (const slot of slotsIn(slots)) {
      const owner = membership.owners[slot];
      const known = owner === null ? undefined : membership.members.get(owner);
      if (known !== undefined && known.epoch > Number(config)) return no;
    }
    this.#votedAt.set(masterId, now);
    membership.votedIn = epoch;
    return integer(1);
  }
}
