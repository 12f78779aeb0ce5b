import { type Address, addressText } from '../ask-link.ts';
import type { Instance } from './instance.ts';

export type FailoverState =
  | 'wait-start'
  | 'select-slave'
  | 'send-slaveof-noone'
  | 'wait-promotion'
  | 'reconf-slaves';

/** A failover that one sentinel tries, or leads. */
export interface Failover {
  state: FailoverState;
  readonly epoch: number;
  readonly forced: boolean;
  /** When it was begun, and when its state was entered. */
  readonly begunAt: number;
  since: number;
  candidate: Instance | null;
  readonly votes: Map<string, string>;
  /** Replicas that were told of the new master. */
  readonly told: Set<Instance>;
}

/** A master, its replicas, and what one sentinel makes of them. */
export class Monitored {
  readonly name: string;
  master: Instance;
  readonly replicas: Map<string, Instance> = new Map();
  /** Of the configuration. */
  epoch = 0;
  odown = false;
  failover: Failover | null = null;
  /** When a failover may be tried again, by this sentinel or for one that it has voted for. */
  notBefore = 0;
  /** Whom it has voted for, and in which epoch. */
  leader = '';
  leaderEpoch = 0;
  /** By sentinel: when it said last that the master is down. */
  readonly downSaid: Map<string, number> = new Map();
  askedPeersAt = 0;

  constructor(name: string, master: Instance) {
    this.name = name;
    this.master = master;
  }

  /** Where clients are sent to. */
  get current(): Address {
    const { failover } = this;
    const promoted = failover?.state === 'reconf-slaves' ? failover.candidate : null;
    return (promoted ?? this.master).address;
  }

  get instances(): Instance[] {
    return [this.master, ...this.replicas.values()];
  }

  get masterText(): string {
    return `master ${this.name} ${this.master.address.host} ${this.master.address.port}`;
  }

  /** `slave host:port host port @ name host port`, as events have it. */
  textOf({ address }: Instance): string {
    const { host, port } = this.master.address;
    const own = `${addressText(address)} ${address.host} ${address.port}`;
    return `slave ${own} @ ${this.name} ${host} ${port}`;
  }

  /**
   * A replica is the master now, the master a replica. Real sentinels release what they have of all
   * these servers: what these said of themselves before, and since when, is forgotten, connections
   * are made again, and all are asked at once.
   * @param make a server of which nothing is known yet
   * @returns the text of +switch-master
   */
  switchTo({ host, port }: Address, make: (address: Address) => Instance): string {
    const old = this.master.address;
    const { instances } = this;
    for (const { link } of instances) link.close();
    this.master = make({ host, port });
    this.replicas.clear();
    for (const { address } of [...instances.slice(1), instances[0]]) {
      const key = addressText(address);
      if (key !== addressText(this.master.address)) this.replicas.set(key, make(address));
    }
    this.odown = false;
    this.failover = null;
    this.downSaid.clear();
    return `${this.name} ${old.host} ${old.port} ${host} ${port}`;
  }
}
