import type { Reply } from '../../clients/reply-stream.ts';
import type { Network } from '../../net/network.ts';
import type { Loop } from '../../world/loop.ts';
import { type Address, AskLink } from '../ask-link.ts';

/** What INFO replication of a server said. */
export interface Info {
  readonly at: number;
  readonly isMaster: boolean;
  readonly master: string;
  readonly linkUp: boolean;
  readonly offset: number;
  readonly replicas: readonly Address[];
}

const PING_MS = 1_000;
const RECONNECT_MS = 1_000;

/** A server as one sentinel sees it. */
export class Instance {
  readonly address: Address;
  readonly link: AskLink;
  info: Info | null = null;
  /** It has not been asked for its role yet. */
  isNew = true;
  /** Since when its role is the one that it has. */
  roleSince: number;
  /** Since when it follows the master that it says. */
  masterSince: number;
  heardAt: number;
  sdown = false;
  #pingedAt = 0;
  /** When the oldest PING without an answer was sent; 0 = each is answered. */
  #owedSince = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(
    network: Network,
    loop: Loop,
    address: Address,
    password: string | null,
    now: number,
  ) {
    this.address = address;
    this.link = new AskLink(network, loop, address, password);
    this.heardAt = now;
    this.roleSince = now;
    this.masterSince = now;
  }

  /** How long it has not answered, in milliseconds. */
  get silentMs(): number {
    const now = this.now();
    if (this.#owedSince !== 0) return now - this.#owedSince;
    return this.link.up ? 0 : now - this.heardAt;
  }

  /** The sentinel itself was away. */
  forgive(): void {
    this.heardAt = this.now();
    this.#owedSince = 0;
  }

  /** Connects, pings, and asks when it is time. */
  tick(now: number, infoMs: number, onInfo: (instance: Instance) => void): void {
    if (!this.link.up) {
      if (now - this.#triedAt < RECONNECT_MS) return;
      this.#triedAt = now;
      // An attempt that hangs is given up for another.
      this.link.close();
      this.link.connect();
      return;
    }
    if (now - this.#pingedAt >= PING_MS) {
      this.#pingedAt = now;
      if (this.#owedSince === 0) this.#owedSince = now;
      this.link.ask(['PING'], (reply) => {
        // LOADING is an answer as well.
        if (reply.kind !== 'status' && reply.kind !== 'error') return;
        this.heardAt = this.now();
        this.#owedSince = 0;
      });
    }
    if (now - this.#askedAt < infoMs) return;
    this.#askedAt = now;
    this.link.ask(['INFO', 'replication'], (reply) => {
      if (reply.kind !== 'bulk') return;
      this.#learn(reply);
      onInfo(this);
    });
  }

  now: () => number = () => 0;

  #learn(reply: Reply & { kind: 'bulk' }): void {
    const text = reply.bytes.toString('latin1');
    const field = (name: string): string => {
      return new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1] ?? '';
    };
    const now = this.now();
    const isMaster = field('role') === 'master';
    const master = isMaster ? '' : `${field('master_host')}:${field('master_port')}`;
    const before = this.info;
    if (before === null || before.isMaster !== isMaster) this.roleSince = now;
    if (before === null || before.master !== master) this.masterSince = now;
    const replicas = [...text.matchAll(/^slave\d+:ip=([^,]*),port=(\d+)/gm)].map((found) => {
      return { host: found[1], port: Number(found[2]) };
    });
    const linkUp = field('master_link_status') === 'up';
    const offset = Number(field('slave_repl_offset'));
    this.info = { at: now, isMaster, master, linkUp, offset, replicas };
  }
}
