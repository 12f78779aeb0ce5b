import { type Address, addressText } from '../../src/topology/facts.ts';
import { type ShardStart, ShardWatch } from '../../src/topology/shard-watch.ts';

export const at = (host: string): Address => ({ host, port: 6379 });
export const A = at('a');
export const B = at('b');
export const C = at('c');
export const ALL = [A, B, C];
export const PROMOTION = '+failover-state-send-slaveof-noone';

/** A watch with a clock of its own, and what it had done. */
export class Bench {
  now = 0;
  readonly done: string[] = [];
  readonly said: string[] = [];
  probed: Address | null = null;
  readonly watch: ShardWatch;

  constructor(start: ShardStart = { address: A, epoch: 0 }) {
    const did = (what: string): void => void this.done.push(what);
    this.watch = new ShardWatch(
      start,
      3,
      {
        hold: () => did('hold'),
        release: () => did('release'),
        move: (to) => did(`move ${to.host}`),
        probe: (server) => {
          this.probed = server;
        },
        stopProbe: () => {
          this.probed = null;
        },
        askSentinels: () => {},
        say: (text) => this.said.push(text),
      },
      () => this.now,
    );
    this.watch.begin(start);
  }

  /** A sentinel names a master; the others are its replicas. */
  view(sentinel: number, address: Address, epoch: number, others: readonly Address[] = ALL): void {
    const replicas = new Set(others.filter((each) => each !== address).map(addressText));
    this.watch.onView(sentinel, { address, epoch }, replicas);
  }

  views(sentinels: readonly number[], address: Address, epoch: number): void {
    for (const sentinel of sentinels) this.view(sentinel, address, epoch);
  }

  event(sentinel: number, type: string, address: Address | null = null): void {
    this.watch.onEvent(sentinel, { type, master: 'x', address });
  }

  role(server: Address, isMaster = true): void {
    this.watch.onRole(server, isMaster);
  }

  /** It is a replica, then a master. */
  promoted(server: Address): void {
    this.role(server, false);
    this.role(server);
  }

  /** Time goes by, second by second. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 1000);
      this.watch.onTick();
    }
  }
}
