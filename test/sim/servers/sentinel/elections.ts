import type { Monitored } from './monitored.ts';
import type { SimSentinel } from './sim-sentinel.ts';

const ASK_PEERS_MS = 1_000;
/** What another said of a master counts so long. */
const SAID_MS = 5_000;
const DESYNC_MS = 1_000;
const ELECTION_MS = 10_000;

/** Whether a master is down for most, and who may replace it. */
export class Elections {
  readonly #sentinel: SimSentinel;

  constructor(sentinel: SimSentinel) {
    this.#sentinel = sentinel;
  }

  tick(master: Monitored, now: number): void {
    const { sdown } = master.master;
    if (sdown && now - master.askedPeersAt >= ASK_PEERS_MS) this.#askPeers(master);
    const said = [...master.downSaid.values()].filter((at) => now - at < SAID_MS).length;
    const { quorum } = this.#sentinel.options;
    const odown = sdown && said + 1 >= quorum;
    if (odown !== master.odown) {
      master.odown = odown;
      const text = odown ? ` #quorum ${said + 1}/${quorum}` : '';
      this.#sentinel.publish(odown ? '+odown' : '-odown', `${master.masterText}${text}`);
    }
    if (odown && master.failover === null && now >= master.notBefore) this.begin(master, false);
  }

  /** Tries a failover. @param forced nobody needs to agree */
  begin(master: Monitored, forced: boolean): void {
    const sentinel = this.#sentinel;
    const { now, options } = sentinel;
    sentinel.adoptEpoch(sentinel.currentEpoch + 1);
    master.failover = {
      state: 'wait-start',
      epoch: sentinel.currentEpoch,
      forced,
      begunAt: now,
      since: now,
      candidate: null,
      votes: new Map(),
      told: new Set(),
    };
    master.notBefore = now + 2 * options.failoverTimeoutMs + sentinel.random.below(DESYNC_MS);
    sentinel.publish('+try-failover', master.masterText);
    this.#askPeers(master);
  }

  #askPeers(master: Monitored): void {
    const sentinel = this.#sentinel;
    const { failover } = master;
    master.askedPeersAt = sentinel.now;
    const { host, port } = master.master.address;
    const candidate = failover === null || failover.forced ? '*' : sentinel.id;
    for (const [i, link] of sentinel.peers.entries()) {
      const words = [host, String(port), String(sentinel.currentEpoch), candidate];
      link.ask(['SENTINEL', 'IS-MASTER-DOWN-BY-ADDR', ...words], (reply) => {
        if (reply.kind !== 'array') return;
        const [down, leader, epoch] = reply.items;
        if (down.kind !== 'integer' || leader.kind !== 'bulk' || epoch.kind !== 'integer') return;
        if (down.value === 1) master.downSaid.set(String(i), sentinel.now);
        else master.downSaid.delete(String(i));
        const now = master.failover;
        if (now !== null && epoch.value === now.epoch) {
          now.votes.set(String(i), leader.bytes.toString('latin1'));
        }
      });
    }
  }

  /** @returns whom this sentinel has voted for, and in which epoch */
  vote(master: Monitored, epoch: number, candidate: string): readonly [string, number] {
    const sentinel = this.#sentinel;
    sentinel.adoptEpoch(epoch);
    if (master.leaderEpoch < epoch && sentinel.currentEpoch <= epoch) {
      master.leader = candidate;
      master.leaderEpoch = epoch;
      sentinel.publish('+vote-for-leader', `${candidate} ${epoch}`);
      // Another one does it: not at the same time.
      if (candidate !== sentinel.id) {
        const { failoverTimeoutMs } = sentinel.options;
        master.notBefore = sentinel.now + 2 * failoverTimeoutMs + sentinel.random.below(DESYNC_MS);
      }
    }
    return [master.leader, master.leaderEpoch];
  }

  /** Whether this sentinel may go on with its failover; false for ever when others were chosen. */
  isElected(master: Monitored): boolean | null {
    const { failover } = master;
    const sentinel = this.#sentinel;
    if (failover === null) return false;
    const [own] = this.vote(master, failover.epoch, sentinel.id);
    if (failover.forced) return true;
    const votes = [own, ...failover.votes.values()].filter((name) => name === sentinel.id).length;
    const most = Math.max(sentinel.options.quorum, ((sentinel.peers.length + 1) >> 1) + 1);
    if (votes >= most) return true;
    const limit = Math.min(ELECTION_MS, sentinel.options.failoverTimeoutMs);
    return sentinel.now - failover.begunAt > limit ? false : null;
  }
}
