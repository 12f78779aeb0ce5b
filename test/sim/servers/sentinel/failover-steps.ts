import { addressText } from '../ask-link.ts';
import type { Elections } from './elections.ts';
import type { Instance } from './instance.ts';
import type { Failover, FailoverState, Monitored } from './monitored.ts';
import type { SimSentinel } from './sim-sentinel.ts';

/** INFO that is older says nothing of a replica. */
const INFO_FRESH_MS = 50_000;

/** What the sentinel that leads a failover does, and publishes, one step a tick. */
export class FailoverSteps {
  readonly #sentinel: SimSentinel;
  readonly #elections: Elections;

  constructor(sentinel: SimSentinel, elections: Elections) {
    this.#sentinel = sentinel;
    this.#elections = elections;
  }

  tick(master: Monitored, now: number): void {
    const { failover } = master;
    if (failover === null) return;
    switch (failover.state) {
      case 'wait-start':
        this.#waitStart(master, failover);
        break;
      case 'select-slave':
        this.#select(master, failover);
        break;
      case 'send-slaveof-noone':
        this.#promote(master, failover, now);
        break;
      case 'wait-promotion':
        this.#waitPromotion(master, failover, now);
        break;
      case 'reconf-slaves':
        this.#reconfigure(master, failover, now);
        break;
    }
  }

  #enter(master: Monitored, failover: Failover, state: FailoverState, of: string): void {
    failover.state = state;
    failover.since = this.#sentinel.now;
    this.#sentinel.publish(`+failover-state-${state}`, of);
    if (state === 'reconf-slaves') master.epoch = failover.epoch;
  }

  #abort(master: Monitored, why: string): void {
    master.failover = null;
    this.#sentinel.publish(`-failover-abort-${why}`, master.masterText);
  }

  #isLate({ since }: Failover, now: number): boolean {
    return now - since > this.#sentinel.options.failoverTimeoutMs;
  }

  #waitStart(master: Monitored, failover: Failover): void {
    const elected = this.#elections.isElected(master);
    if (elected === null) return;
    if (!elected) {
      this.#abort(master, 'not-elected');
      return;
    }
    this.#sentinel.publish('+elected-leader', master.masterText);
    this.#enter(master, failover, 'select-slave', master.masterText);
  }

  /** Whether a replica may become the master. */
  isGood({ sdown, link, info }: Instance): boolean {
    if (sdown || !link.up || info === null || info.isMaster) return false;
    return this.#sentinel.now - info.at < INFO_FRESH_MS;
  }

  #select(master: Monitored, failover: Failover): void {
    const good = [...master.replicas.values()].filter((each) => this.isGood(each));
    if (good.length === 0) {
      this.#abort(master, 'no-good-slave');
      return;
    }
    good.sort((a, b) => (b.info?.offset ?? 0) - (a.info?.offset ?? 0));
    failover.candidate = good[0];
    this.#sentinel.publish('+selected-slave', master.textOf(good[0]));
    this.#enter(master, failover, 'send-slaveof-noone', master.textOf(good[0]));
  }

  #promote(master: Monitored, failover: Failover, now: number): void {
    const candidate = failover.candidate as Instance;
    if (this.#sentinel.tellToFollow(candidate, null)) {
      this.#enter(master, failover, 'wait-promotion', master.textOf(candidate));
    } else if (this.#isLate(failover, now)) this.#abort(master, 'slave-timeout');
  }

  #waitPromotion(master: Monitored, failover: Failover, now: number): void {
    const candidate = failover.candidate as Instance;
    if (candidate.info?.isMaster && candidate.info.at > failover.since) {
      this.#sentinel.publish('+promoted-slave', master.textOf(candidate));
      this.#enter(master, failover, 'reconf-slaves', master.masterText);
      this.#sentinel.sayHello();
    } else if (this.#isLate(failover, now)) this.#abort(master, 'slave-timeout');
  }

  #reconfigure(master: Monitored, failover: Failover, now: number): void {
    const candidate = failover.candidate as Instance;
    let isDone = true;
    for (const replica of master.replicas.values()) {
      if (replica === candidate || replica.sdown) continue;
      const { info } = replica;
      const follows = info?.linkUp === true && info.master === addressText(candidate.address);
      if (follows) continue;
      isDone = false;
      if (failover.told.has(replica)) continue;
      // parallel-syncs 1: one after the other.
      if (this.#sentinel.tellToFollow(replica, candidate.address)) failover.told.add(replica);
      break;
    }
    const late = this.#isLate(failover, now);
    if (!isDone && !late) return;
    if (late) this.#sentinel.publish('+failover-end-for-timeout', master.masterText);
    this.#sentinel.publish('+failover-end', master.masterText);
    this.#sentinel.switch(master, candidate.address);
  }
}
