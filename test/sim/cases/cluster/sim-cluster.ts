import { createHash } from 'node:crypto';
import type { Network } from '../../net/network.ts';
import type { Membership } from '../../servers/cluster/membership.ts';
import { SimNode } from '../../servers/cluster/sim-node.ts';
import { SLOTS } from '../../servers/cluster/slots.ts';
import { Sources } from '../../servers/redis/replication.ts';
import type { World } from '../../world/world.ts';
import type { Case, ClusterTraits } from '../case.ts';

const PORT = 6379;

/** A Redis Cluster: masters with equal parts of the slots, replicas, and a node that is no member. */
export class SimCluster {
  readonly nodes: readonly SimNode[];
  /** Not known to the others at first. */
  readonly spare: SimNode;

  constructor(world: World, network: Network, given: Case, password: string | null) {
    const { masters, replicas, nodeTimeoutMs } = given.cluster as ClusterTraits;
    const sources = new Sources();
    const node = (i: number): SimNode => {
      const name = `node${i}`;
      const id = createHash('sha1').update(name).digest('hex');
      const at = { address: `10.0.7.${i + 1}`, port: PORT };
      return new SimNode(world, network, { name, id, password, nodeTimeoutMs, ...at }, sources);
    };
    const count = masters * (1 + replicas);
    this.nodes = Array.from({ length: count }, (_, i) => node(i));
    this.spare = node(count);
    for (const each of this.nodes) {
      for (const other of this.nodes) {
        each.membership.add(other.id, other.membership.me.address, 0);
      }
    }
    this.nodes.forEach((each, i) => {
      for (const { membership } of this.nodes) {
        const member = membership.members.get(each.id);
        if (member === undefined) continue;
        if (i < masters) member.epoch = i + 1;
        else member.master = this.nodes[i % masters].id;
        membership.currentEpoch = masters;
      }
    });
    for (let i = 0; i < masters; i++) {
      const end = Math.round(((i + 1) * SLOTS) / masters);
      for (let slot = Math.round((i * SLOTS) / masters); slot < end; slot++) {
        for (const { membership } of this.nodes) membership.own(slot, this.nodes[i].id);
      }
    }
  }

  /** The spare node was a member, and is none any more. */
  isSpareGone = false;

  get all(): readonly SimNode[] {
    return [...this.nodes, this.spare];
  }

  /** Whose data count: members that are masters. */
  get masters(): readonly SimNode[] {
    return this.all.filter((node) => {
      const { membership } = node;
      return node.up && membership.isMaster && membership.members.size > 1 && !this.#isGone(node);
    });
  }

  get isSpareMember(): boolean {
    return this.spare.membership.members.size > 1;
  }

  /** The spare node ends for good. */
  endSpare(): void {
    this.isSpareGone = true;
    this.spare.retired = true;
    if (this.spare.up) this.spare.crash(true);
  }

  start(): void {
    for (const node of this.all) node.start();
    for (const node of this.nodes) {
      const { me, members } = node.membership;
      const master = me.master === null ? undefined : members.get(me.master);
      if (master !== undefined) node.follow(master);
    }
  }

  /** The one that has a slot by its own word, of several the one with the newest configuration. */
  ownerOf(slot: number): SimNode | null {
    let found: SimNode | null = null;
    for (const node of this.all) {
      const { owners, me, isMaster } = node.membership;
      if (!node.up || !isMaster || owners[slot] !== me.id || this.#isGone(node)) continue;
      if (found === null || me.epoch > found.membership.me.epoch) found = node;
    }
    return found;
  }

  /** Whether any two do not agree about a slot. */
  disagree(slot: number): boolean {
    const said = new Set<string | null>();
    for (const { membership } of this.all.filter((node) => !this.#isGone(node))) {
      if (membership.members.size > 1) said.add(membership.owners[slot]);
      if (membership.importing.has(slot) || membership.migrating.has(slot)) return true;
    }
    return said.size > 1;
  }

  #isGone(node: SimNode): boolean {
    return this.isSpareGone && node === this.spare;
  }

  /** Whom a node's data come from: itself, or its master. */
  masterOf(node: SimNode): SimNode | null {
    const { master } = node.membership.me;
    if (master === null) return node;
    return this.all.find(({ id }) => id === master) ?? null;
  }

  /** Names of nodes that no other one reaches. */
  readonly isolated: Set<string> = new Set();

  /** All members see the same, serve all slots, and nothing is on the move. */
  get settled(): boolean {
    const members = this.all.filter((node) => {
      const isMember = node.membership.members.size > 1 && !this.#isGone(node);
      return isMember && !this.isolated.has(node.name);
    });
    const apart = this.all.filter(({ name }) => this.isolated.has(name)).map(({ id }) => id);
    if (members.some(({ up, loop, loading }) => !up || loop.frozen || loading)) return false;
    const [{ membership: first }] = members;
    return members.every((node) => {
      const { membership, isDown, role } = node;
      if (isDown || membership.migrating.size > 0 || membership.importing.size > 0) return false;
      if (membership.members.size !== members.length + apart.length) return false;
      if (apart.some((id) => membership.slotsOf(id) !== '')) return false;
      const others = membership.others().filter(({ id }) => !apart.includes(id));
      if (others.some(({ silent, failed }) => silent || failed)) return false;
      if (!membership.isMaster && role?.inSync !== true) return false;
      if (membership.isMaster !== role?.isMaster) return false;
      return membership === first || sameOwners(membership, first);
    });
  }
}

/** Whether two see the same owners of all slots. */
function sameOwners(one: Membership, other: Membership): boolean {
  return [...one.members.keys()].every((id) => one.slotsOf(id) === other.slotsOf(id));
}
