import type { Address } from '../ask-link.ts';
import { rangesOf, rangesText, SLOTS, slotsIn } from './slots.ts';

/** What a node knows of one node, itself included. */
export interface Member {
  readonly id: string;
  readonly address: Address;
  /** The id of the one that it follows; null = it is a master. */
  master: string | null;
  epoch: number;
  /** How far its data are; 0 = it has none yet. */
  offset: number;
  /** It does not answer me; most masters say so of it, since when. */
  silent: boolean;
  failed: boolean;
  failedAt: number;
  /** When it answered last. */
  heardAt: number;
  /** Masters that call it silent, and when they said so last. */
  readonly reports: Map<string, number>;
}

/** What a node says of itself; a replica says what its master has. */
export interface Header {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly master: string | null;
  readonly currentEpoch: number;
  readonly epoch: number;
  readonly slots: string;
  readonly offset: number;
}

/** What a node says of others. */
export interface Gossip {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly silent: boolean;
  readonly failed: boolean;
}

export interface BusMessage {
  readonly from: Header;
  readonly gossip: readonly Gossip[];
  /** Owners of slots that the one who asked claims by an older configuration. */
  readonly updates: readonly Header[];
}

const FORGOTTEN_MS = 60_000;

/** What one node of a cluster knows: of the others, of slots, of epochs. It is kept on its disk. */
export class Membership {
  readonly me: Member;
  readonly members: Map<string, Member> = new Map();
  /** By slot: the id of its owner. */
  readonly owners: (string | null)[] = new Array<string | null>(SLOTS).fill(null);
  readonly migrating: Map<number, string> = new Map();
  readonly importing: Map<number, string> = new Map();
  currentEpoch = 0;
  votedIn = 0;
  readonly #forgotten: Map<string, number> = new Map();
  /** What was taken in of whom: the same again says nothing. */
  readonly #taken: Map<string, string> = new Map();
  #ranges: Map<string, string> = new Map();
  #covered = false;
  #coveredIn = -1;
  /** Counts changes of owners. */
  version = 0;

  constructor(id: string, address: Address) {
    this.me = newMember(id, address);
    this.members.set(id, this.me);
  }

  get masters(): Member[] {
    return [...this.members.values()].filter(({ master }) => master === null);
  }

  /** Masters that have slots: they vote. */
  get voters(): Member[] {
    return this.masters.filter(({ id }) => this.slotsOf(id) !== '');
  }

  get majority(): number {
    return (this.voters.length >> 1) + 1;
  }

  get isMaster(): boolean {
    return this.me.master === null;
  }

  others(): Member[] {
    return [...this.members.values()].filter((member) => member !== this.me);
  }

  own(slot: number, id: string | null): void {
    if (this.owners[slot] === id) return;
    this.owners[slot] = id;
    this.version++;
    this.#ranges = new Map();
  }

  /** Whether each slot has an owner that is known. */
  get isCovered(): boolean {
    if (this.#coveredIn !== this.version) {
      this.#coveredIn = this.version;
      this.#covered = this.owners.every((owner) => owner !== null && this.members.has(owner));
    }
    return this.#covered;
  }

  /** Slots that it has itself. */
  get slotsOwned(): number[] {
    return [...slotsIn(this.slotsOf(this.me.id))];
  }

  /** Ranges as a text. */
  slotsOf(id: string): string {
    const known = this.#ranges.get(id);
    if (known !== undefined) return known;
    const text = rangesText(rangesOf((slot) => this.owners[slot] === id));
    this.#ranges.set(id, text);
    return text;
  }

  add(id: string, address: Address, now: number): Member | null {
    const known = this.members.get(id);
    if (known !== undefined) return known;
    if (now - (this.#forgotten.get(id) ?? Number.NEGATIVE_INFINITY) < FORGOTTEN_MS) return null;
    const member = newMember(id, address);
    member.heardAt = now;
    this.members.set(id, member);
    return member;
  }

  forget(id: string, now: number): void {
    this.members.delete(id);
    this.#forgotten.set(id, now);
    this.#taken.delete(id);
    for (let slot = 0; slot < SLOTS; slot++) if (this.owners[slot] === id) this.own(slot, null);
  }

  /** What it says of a member, as it would itself. */
  headerOf(member: Member, offset: number): Header {
    const master = member.master === null ? member : this.members.get(member.master);
    return {
      id: member.id,
      ...member.address,
      master: member.master,
      currentEpoch: this.currentEpoch,
      epoch: master?.epoch ?? member.epoch,
      slots: this.slotsOf(member.master ?? member.id),
      offset,
    };
  }

  gossip(): Gossip[] {
    return this.others().map(({ id, address, silent, failed }) => {
      return { id, ...address, silent, failed };
    });
  }

  /** The cluster's own epoch moves on, with nobody's consent. */
  bumpEpoch(): boolean {
    let most = 0;
    for (const { epoch } of this.members.values()) most = Math.max(most, epoch);
    if (this.me.epoch !== 0 && this.me.epoch === most) return false;
    this.currentEpoch++;
    this.me.epoch = this.currentEpoch;
    return true;
  }

  /** What another node says of itself. @returns owners of slots that it claims wrongly */
  hear(header: Header): Header[] {
    const { id, master, currentEpoch, epoch } = header;
    const member = this.members.get(id);
    if (member === undefined) return [];
    this.currentEpoch = Math.max(this.currentEpoch, currentEpoch, epoch);
    member.master = master;
    member.offset = header.offset;
    if (master !== null) return [];
    if (epoch > member.epoch) member.epoch = epoch;
    this.#settleCollision(member);
    const stamp = `${this.version} ${epoch} ${header.slots}`;
    if (this.#taken.get(id) === stamp) return [];
    const updates = this.#claim(member, header.slots);
    if (updates.length === 0) this.#taken.set(id, `${this.version} ${epoch} ${header.slots}`);
    return updates;
  }

  /** Another node says that a third one has a newer configuration than I have. */
  learn({ id, epoch, slots }: Header): void {
    const member = this.members.get(id);
    if (member === undefined || member.epoch >= epoch) return;
    member.master = null;
    member.epoch = epoch;
    this.currentEpoch = Math.max(this.currentEpoch, epoch);
    this.#claim(member, slots);
  }

  #claim(member: Member, slots: string): Header[] {
    const better = new Set<string>();
    for (const slot of slotsIn(slots)) {
      const owner = this.owners[slot];
      if (owner === member.id) continue;
      if (this.importing.has(slot)) continue;
      const its = owner === null ? undefined : this.members.get(owner);
      if (its === undefined || its.epoch < member.epoch) this.own(slot, member.id);
      else if (its.epoch > member.epoch) better.add(its.id);
    }
    return [...better].map((id) => this.headerOf(this.members.get(id) as Member, 0));
  }

  /** Two masters have one epoch: the one with the smaller name takes the next. */
  #settleCollision({ id, epoch, master }: Member): void {
    if (!this.isMaster || master !== null || epoch !== this.me.epoch || id <= this.me.id) return;
    this.currentEpoch++;
    this.me.epoch = this.currentEpoch;
  }

  /** Slots that migrate away were given away; those of others are not mine to import. */
  tidy(): void {
    for (const slot of [...this.migrating.keys()]) {
      if (this.owners[slot] !== this.me.id) this.migrating.delete(slot);
    }
  }
}

function newMember(id: string, address: Address): Member {
  return {
    id,
    address,
    master: null,
    epoch: 0,
    offset: 0,
    silent: false,
    failed: false,
    failedAt: 0,
    heardAt: 0,
    reports: new Map(),
  };
}
