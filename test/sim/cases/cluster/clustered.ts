import type { Random } from '../../../fuzz/random.ts';
import { channelName, subjectsOf } from '../../clients/requests.ts';
import type { Network } from '../../net/network.ts';
import type { SimNode } from '../../servers/cluster/sim-node.ts';
import { slotOf } from '../../servers/cluster/slots.ts';
import type { World } from '../../world/world.ts';
import type { Case } from '../case.ts';
import { Askings } from './askings.ts';
import { Operator } from './operator.ts';
import { SimCluster } from './sim-cluster.ts';

/** What is done to a cluster. */
export type Operation = 'reshard' | 'promote' | 'grow' | 'shrink';

/** Keys that clients use, each as often as it is used: these slots are worth moving. */
function keysUsed({ clients }: Case): string[] {
  const ops = clients.flatMap(({ actions }) => {
    return actions.flatMap((action) => (action.do === 'send' ? action.ops : []));
  });
  const keys = ops.flatMap((op) => subjectsOf(op) ?? []);
  return keys.length > 0 ? keys : ['r0'];
}

/** Shard channels that clients use. */
const CHANNELS = 3;

/** What lies open is looked at so often. */
const REPAIR_MICROS = 3_000_000;

/** A cluster, whoever moves its slots, and what is done to both. */
export class Clustered {
  readonly cluster: SimCluster;
  readonly #askings: Askings = new Askings();
  readonly #operator: Operator;
  readonly #random: Random;
  readonly #world: World;
  readonly #keys: readonly string[];
  #repairAt = 0;

  constructor(world: World, network: Network, given: Case, password: string | null) {
    this.cluster = new SimCluster(world, network, given, password);
    this.#operator = new Operator(world, network, this.cluster, password);
    this.#world = world;
    this.#keys = keysUsed(given);
    this.#random = world.randomOf('resharding');
    for (const node of this.cluster.all) this.#askings.watch(node);
    this.cluster.start();
  }

  get complaints(): readonly string[] {
    return this.#askings.complaints;
  }

  get settled(): boolean {
    if (!this.#operator.idle) return false;
    if (this.cluster.settled) return true;
    if (this.#world.micros >= this.#repairAt) this.#repair();
    return false;
  }

  /** A slot is on its way. */
  get moving(): boolean {
    return this.#operator.moving;
  }

  /** Orders that came late have left a slot half moved. */
  #repair(): void {
    this.#repairAt = this.#world.micros + REPAIR_MICROS;
    const { cluster } = this;
    for (const slot of this.#operator.touched) {
      if (!cluster.disagree(slot)) continue;
      const holders = cluster.all.filter(({ up, membership }) => up && membership.isMaster);
      holders.sort((a, b) => b.keysIn(slot).length - a.keysIn(slot).length);
      this.#operator.move(slot, cluster.ownerOf(slot) ?? holders[0]);
    }
  }

  /** Slots that are worth moving. @param awaited keys that a client waits for */
  chooseSlots(salt: number, awaited: readonly string[]): number[] {
    const random = this.#random;
    const keys = Array.from({ length: 1 + random.below(4) }, (_, i) => {
      const at = salt * 7 + i * 5 + random.below(this.#keys.length);
      return this.#keys[at % this.#keys.length];
    });
    const shardChannel = channelName(true, random.below(CHANNELS));
    const all = [...awaited.slice(0, 1), ...keys, ...(random.once(3) ? [shardChannel] : [])];
    return [...new Set(all.map(slotOf))];
  }

  /**
   * @param server of which the fault is about @param slots that are moved, by what moves any
   * @returns what is done, for people; null = nothing
   */
  carryOut(what: Operation, server: string, slots: readonly number[]): string | null {
    const { all, spare } = this.cluster;
    const node = all.find(({ name }) => name === server) ?? all[0];
    if (what === 'promote') return this.#promote(node.name);
    if (what === 'shrink') {
      const to = node === spare ? all[0] : node;
      if (!this.#operator.shrink(to)) return null;
      return `${spare.name} is to leave, what it has goes to ${to.name}`;
    }
    if (what === 'grow' && !this.#operator.grow()) return null;
    const to = what === 'grow' ? spare : this.#targetOf(slots, node);
    for (const slot of slots) this.#operator.move(slot, to);
    return `slots ${slots.join()} are moved to ${to.name}`;
  }

  /** Where slots are to go: not to a node that is no member, nor to where all of them are. */
  #targetOf(slots: readonly number[], node: SimNode): SimNode {
    const { cluster } = this;
    const given = this.isStranger(node.name) ? cluster.all[0] : node;
    const master = cluster.masterOf(given);
    if (slots.some((slot) => cluster.ownerOf(slot) !== master)) return given;
    return cluster.masters.find((each) => each !== master) ?? given;
  }

  /** Whether slots of shard channels have been moved, or are to be. */
  touches(channels: readonly string[]): boolean {
    return channels.some((channel) => this.#operator.touched.has(slotOf(channel)));
  }

  /** Whether a node is no member: not yet, or not any more. */
  isStranger(name: string): boolean {
    const { spare, isSpareMember, isSpareGone } = this.cluster;
    return name === spare.name && (!isSpareMember || isSpareGone);
  }

  /** A replica of the same shard is told to be the master. */
  #promote(name: string): string | null {
    const { all } = this.cluster;
    const named = all.find((each) => each.name === name) ?? all[0];
    const master = this.cluster.masterOf(named);
    const replica = all.find(({ up, loop, membership, neverFailsOver }) => {
      const isItsOwn = membership.me.master === master?.id;
      return up && !loop.frozen && isItsOwn && !neverFailsOver;
    });
    if (replica === undefined || master === null) return null;
    replica.loop.io(() => replica.failover(false, false));
    return `${replica.name} is told to take the place of ${master.name}`;
  }

  /** A node is cut off: the others can be at rest without it. @returns told when it is back */
  leaveOut(name: string): () => void {
    const { isolated } = this.cluster;
    isolated.add(name);
    return () => isolated.delete(name);
  }

  stop(): void {
    this.#operator.stop();
  }
}
