import type { PoolConfig, ServerConfig } from '../../../config/index.ts';
import { setSlot, slotServer } from '../../../distribution/route.ts';
import { NO_OWNER, SLOTS } from '../../../distribution/slots.ts';
import { SLOT_HEARSAY_MS } from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import type { SavedRequest } from '../../backend/again/saved-requests.ts';
import { MOVED } from '../../backend/failure.ts';
import { millis } from '../../engine/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { RingRegion } from '../../engine/ring-arena.ts';
import type { LaneKey } from '../lanes.ts';
import type { Server } from '../server.ts';
import { UnownedSlots } from './unowned-slots.ts';

/** A node, as far as its slots go. */
export interface SlotNode {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** The id of the node that it follows; null for a master. */
  readonly master: string | null;
  readonly failed: boolean;
  /** Of the configuration by which it has its slots; a newer one is higher. */
  readonly epoch: number;
  readonly slots: readonly (readonly [first: number, last: number])[];
}

/** The pool whose slots these are. */
export interface SlottedPool {
  readonly engine: Engine;
  readonly config: PoolConfig;
  readonly servers: readonly Server[];
  /** Counts servers that gave way to others. */
  moves: number;
  readonly descriptor: number;
  readonly region: RingRegion;
  /** Slots have other owners. */
  onSlots(): void;
  /** Indexes of servers are others than clients have worked out for unfinished requests. */
  onShifted(): void;
  /** Has the pool go on with other servers. */
  reconfigure(config: PoolConfig, region: RingRegion): RingRegion;
}

/** A slot that a redirection has said something else of than the map. */
interface Hearsay {
  /** Who had it in the map then. */
  readonly before: string;
  readonly now: string;
  readonly until: number;
}

/** Takes requests that have no connection any more. */
type Resend = (requests: readonly SavedRequest[], lane: LaneKey, from: Server) => void;

/**
 * Who has which slots of a Redis Cluster: the table by which the codec routes, as the latest map
 * and the redirections since say. Servers of the pool are the masters that have slots, and those
 * that requests were redirected to.
 */
export class ClusterSlots {
  readonly #pool: SlottedPool;
  /** All nodes of the map, by their address. Nobody else is ever connected to. */
  #nodes: ReadonlyMap<string, SlotNode> = new Map();
  /** By the map. */
  #owners: (string | undefined)[] = [];
  /** Names of all that have any. */
  #ownerNames: ReadonlySet<string> = new Set();
  readonly #hearsay: Map<number, Hearsay> = new Map();
  /** Names of nodes that keys have gone to although no slot is theirs yet. */
  readonly #early: Set<string> = new Set();
  readonly unowned: UnownedSlots;

  constructor(pool: SlottedPool) {
    this.#pool = pool;
    this.unowned = new UnownedSlots(pool.engine, (error) => {
      pool.engine.guard.note(`pool ${pool.config.name}: clients wait no more`, error);
    });
  }

  /** Whether anything is known. */
  get known(): boolean {
    return this.#nodes.size > 0;
  }

  /** Nodes of the map, whether they have slots or not. */
  get nodes(): readonly SlotNode[] {
    return [...this.#nodes.values()];
  }

  /** Index of the server that has a slot, or NO_SERVER. */
  serverOf(slot: number): number {
    return slotServer(this.#pool.engine.words, this.#pool.descriptor, slot);
  }

  /** How many slots have an owner. */
  get owned(): number {
    let count = 0;
    for (let slot = 0; slot < SLOTS; slot++) if (this.serverOf(slot) !== NO_SERVER) count++;
    return count;
  }

  /** Indexes of the servers that have slots. */
  get owning(): ReadonlySet<number> {
    const owning = new Set<number>();
    for (let slot = 0; slot < SLOTS; slot++) owning.add(this.serverOf(slot));
    owning.delete(NO_SERVER);
    return owning;
  }

  /** How many slots each server has, by its index. */
  get counts(): readonly number[] {
    const counts: number[] = new Array(this.#pool.servers.length).fill(0);
    for (let slot = 0; slot < SLOTS; slot++) {
      const server = this.serverOf(slot);
      if (server !== NO_SERVER) counts[server]++;
    }
    return counts;
  }

  /** The first slot of each server that has any, in their order. */
  get firstSlots(): ReadonlyMap<number, number> {
    const first = new Map<number, number>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const server = this.serverOf(slot);
      if (server !== NO_SERVER && !first.has(server)) first.set(server, slot);
    }
    return first;
  }

  /** The table, for the ring of the pool: server index of each slot. */
  get table(): Uint16Array {
    const indexes = new Map(this.#pool.servers.map(({ name, index }) => [name, index]));
    const table = new Uint16Array(SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) {
      table[slot] = indexes.get(this.#ownerOf(slot) ?? '') ?? NO_OWNER;
    }
    return table;
  }

  #ownerOf(slot: number): string | undefined {
    return this.#hearsay.get(slot)?.now ?? this.#owners[slot];
  }

  /**
   * Goes on with another map.
   * @param resend what waited for servers that have lost slots
   */
  apply(nodes: readonly SlotNode[], resend: Resend): void {
    const pool = this.#pool;
    const now = millis();
    this.#nodes = new Map(nodes.map((node) => [nameOf(node), node]));
    const owners: (string | undefined)[] = new Array(SLOTS);
    for (const node of nodes) {
      for (const [first, last] of node.slots) owners.fill(nameOf(node), first, last + 1);
    }
    for (const [slot, said] of this.#hearsay) {
      const isOld = now >= said.until || (owners[slot] ?? '') !== said.before;
      if (isOld || !this.#nodes.has(said.now)) this.#hearsay.delete(slot);
    }
    this.#owners = owners;
    this.#ownerNames = new Set(nodes.filter(({ slots }) => slots.length > 0).map(nameOf));
    for (const name of this.#early) {
      if (this.#ownerNames.has(name) || !this.#nodes.has(name)) this.#early.delete(name);
    }
    const before = this.#namesBySlot();
    const wanted = this.#wantedServers();
    const gone = pool.servers.filter(({ name }) => !wanted.some((line) => line.name === name));
    const losers = new Set<Server>(gone);
    const servers = new Map(pool.servers.map((server) => [server.name, server]));
    for (let slot = 0; slot < SLOTS; slot++) {
      const was = before[slot];
      const loser = was === undefined || was === this.#ownerOf(slot) ? undefined : servers.get(was);
      if (loser !== undefined) losers.add(loser);
    }
    const parked = [...losers].map((from) => ({ from, taken: from.places.takeParked() }));
    for (const server of losers) holdBack(server);
    const isSame = gone.length === 0 && wanted.length === pool.servers.length;
    const isNews = losers.size > 0 || before.some((was, slot) => was !== this.#ownerOf(slot));
    if (isSame && isNews) this.#write();
    else if (!isSame) this.#reconfigure(wanted, gone.length > 0);
    for (const { from, taken } of parked) {
      for (const { requests, lane } of taken) resend(requests, lane, from);
    }
    for (const server of gone) this.#onGone(server);
    if (isNews || !isSame) for (const { failover } of pool.servers) failover?.forgive();
    this.unowned.wake();
  }

  #onGone(server: Server): void {
    const node = this.#nodes.get(server.name);
    if (node === undefined) return;
    // Its replica, which has its place, may lack what was written last.
    if (node.failed || node.master !== null) this.#pool.moves++;
    if (node.failed) abandon(server);
  }

  #namesBySlot(): (string | undefined)[] {
    const { servers } = this.#pool;
    const names: (string | undefined)[] = new Array(SLOTS);
    for (let slot = 0; slot < SLOTS; slot++) names[slot] = servers[this.serverOf(slot)]?.name;
    return names;
  }

  /** Lines of the servers that the pool should have: known ones stay where they are. */
  #wantedServers(): ServerConfig[] {
    const wanted = new Set<string>();
    for (let slot = 0; slot < SLOTS; slot++) wanted.add(this.#ownerOf(slot) ?? '');
    wanted.delete('');
    const stay = this.#pool.config.servers.filter(({ name }) => {
      const node = this.#nodes.get(name);
      return wanted.has(name) || (node !== undefined && node.master === null && !node.failed);
    });
    for (const { name } of stay) wanted.delete(name);
    const fresh = [...wanted].sort().flatMap((name) => this.#nodes.get(name) ?? []);
    return [...stay, ...fresh.map((node) => this.#lineOf(node))];
  }

  #lineOf({ host, port }: Pick<SlotNode, 'host' | 'port'>): ServerConfig {
    const name = nameOf({ host, port });
    const [seed] = this.#pool.config.seeds;
    const where = { kind: 'tcp', host, port, path: '' } as const;
    return { ...seed, ...where, text: `${name}:1`, name, ringName: name, weight: 1 };
  }

  /** @param shifted indexes of servers may be others now */
  #reconfigure(servers: readonly ServerConfig[], shifted: boolean): void {
    const pool = this.#pool;
    pool.reconfigure({ ...pool.config, servers }, pool.region);
    if (shifted) pool.onShifted();
  }

  #write(): void {
    const { engine, descriptor } = this.#pool;
    const { table } = this;
    for (let slot = 0; slot < SLOTS; slot++) setSlot(engine.words, descriptor, slot, table[slot]);
    this.#pool.onSlots();
  }

  /**
   * A node has said that another one has the slot.
   * @returns the server of that; null when no such node is known
   */
  moveSlot(slot: number, address: string): Server | null {
    const server = this.serverAt(address);
    const pool = this.#pool;
    if (server === null || this.serverOf(slot) === server.index) return server;
    const loser = pool.servers[this.serverOf(slot)];
    this.#hearsay.set(slot, {
      before: this.#owners[slot] ?? '',
      now: server.name,
      until: millis() + SLOT_HEARSAY_MS,
    });
    if (loser !== undefined) holdBack(loser);
    setSlot(pool.engine.words, pool.descriptor, slot, server.index);
    pool.onSlots();
    return server;
  }

  /** A request is sent to a node that takes a slot over, and may not have any yet. */
  asks(server: Server): void {
    if (!this.#ownerNames.has(server.name)) this.#early.add(server.name);
  }

  /** Servers that keys may be at: those with slots, and those that are about to get their first. */
  get holding(): readonly Server[] {
    const { owning } = this;
    return this.#pool.servers.filter(({ index, name }) => {
      return owning.has(index) || this.#early.has(name);
    });
  }

  /** The server at an address, made one of the pool's if it is that of a node. */
  serverAt(address: string): Server | null {
    const pool = this.#pool;
    const found = pool.servers.find(({ name }) => name === address);
    if (found !== undefined) return found;
    const node = this.#nodes.get(address);
    if (node === undefined) return null;
    this.#reconfigure([...pool.config.servers, this.#lineOf(node)], false);
    return pool.servers.at(-1) as Server;
  }
}

/** What a server is called that is a node. */
export function nameOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}

/**
 * The server has lost a slot: what clients have asked it and what is not answered may go elsewhere,
 * so nothing that they ask from now on may overtake it.
 */
function holdBack({ places }: Server): void {
  for (const connection of [...places.placed, ...places.retired]) connection.holdBack();
}

/**
 * The node has failed, and others have its slots: what it has not answered is worth no answer any
 * more, and may never get one. One that lives answers what it was sent.
 */
function abandon(server: Server): void {
  const { places, bulk, pool } = server;
  for (const leases of [bulk, pool.leases]) leases.fail(server, MOVED);
  for (const connection of [...places.placed, ...places.retired]) connection.fail(MOVED);
}
