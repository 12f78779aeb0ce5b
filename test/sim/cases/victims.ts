import type { Network } from '../net/network.ts';
import type { SimProxy } from '../proxy/sim-proxy.ts';
import type { ServerProcess } from '../servers/server-process.ts';
import type { World } from '../world/world.ts';
import { type ClientState, FAULT_KINDS, type Fault, type FaultKind, type Op } from './case.ts';
import type { Clustered } from './cluster/clustered.ts';
import type { Disturbances } from './disturbances.ts';
import type { Scope } from './explanations.ts';
import type { Shards } from './ha/shards.ts';
import { masterOf } from './network-faults.ts';

// Who is there for faults, and whom each is about.

/** Whoever uses a proxy. */
export interface FaultyClient {
  readonly name: string;
  readonly address: string;
  /** Number of the proxy that it uses. */
  readonly proxy: number;
  /** What it is at. */
  readonly state: ClientState;
  /** What it waits for, in order. */
  readonly waiting: readonly Op[];
  /** It has sent a part of a large request. */
  readonly began: boolean;
  /** The network has harmed its connection. */
  harmed(): void;
}

/** The parties of a case. */
export interface Parties {
  readonly world: World;
  readonly network: Network;
  readonly proxies: readonly SimProxy[];
  readonly servers: readonly ServerProcess[];
  readonly clients: readonly FaultyClient[];
  readonly disturbances: Disturbances;
  /** Null: no sentinels. */
  readonly shards: Shards | null;
  /** Null: no cluster. */
  readonly clustered: Clustered | null;
}

/** A fault with its victims. */
export type Chosen = Required<Omit<Fault, 'when'>>;

/** What clients of a cluster do not notice. */
const UNNOTICED: readonly FaultKind[] = ['reshard', 'promote', 'grow', 'shrink'];
/** Servers hand their parts over, and slots, with all that they have taken. */
export const LOSING_NOTHING: readonly FaultKind[] = ['failover', 'reload', ...UNNOTICED];
/** A node may have none of its slots any more. */
export const EMPTYING: readonly FaultKind[] = ['promote', 'shrink'];
/** Connections of a server are ended. */
export const DEAFENING: readonly FaultKind[] = ['crash', 'wipe', 'drop', 'sever', 'server-half'];
/** Slots of keys are moved. */
export const MOVING: readonly FaultKind[] = ['reshard', 'grow'];
/** A failover moves masters: names and addresses stay. */
export const WITH_SENTINELS = FAULT_KINDS.filter((kind) => kind !== 'rename');
/** Faults that delay nobody who has nothing to do with the server. */
export const OF_SERVERS: readonly FaultKind[] = [
  'crash',
  'wipe',
  'freeze',
  'loading',
  'drop',
  'unread',
];
/** These change nothing before others have noticed. */
const LASTING: readonly FaultKind[] = ['orphan', 'isolate'];
const LASTING_MS = 14_000;
/** Of these no server is the victim, or the cluster says which. */
const OF_NO_SERVER: readonly FaultKind[] = [
  ...(['client-partition', 'client-sever', 'proxy-freeze', 'reload'] as const),
  ...(['failover', 'sentinel-crash', 'sentinel-freeze'] as const),
  ...UNNOTICED,
];

/** How long it lasts. */
export function microsOf({ kind, forMs }: Fault & { readonly kind: FaultKind }): number {
  return Math.max(forMs, LASTING.includes(kind) ? LASTING_MS : 0) * 1000;
}

/** Of a client and its proxy. */
export function isOfClients(kind: FaultKind): boolean {
  return kind === 'client-partition' || kind === 'client-sever';
}

/** Whom a fault keeps in trouble. @param sentinels how many there are */
export function partyOf(fault: Chosen, sentinels: number): string {
  const { kind, server, client, proxy, host } = fault;
  if (kind === 'hosts') return `hosts ${server} ${host}`;
  if (kind.startsWith('sentinel-')) return `sentinel ${host % sentinels}`;
  if (kind === 'failover' || kind === 'isolate') return kind;
  if (UNNOTICED.includes(kind)) return kind;
  if (isOfClients(kind)) return `client ${client}`;
  return kind === 'proxy-freeze' ? `proxy ${proxy}` : `server ${server}`;
}

/** Whether a fault can have an effect now. */
export function hasVictim({ kind, server, client }: Chosen, parties: Parties): boolean {
  const { clients, clustered, servers } = parties;
  const { state } = clients[client % clients.length];
  if (kind === 'client-sever') return state !== 'done' && state !== 'connecting';
  if (kind === 'client-partition') return state !== 'done';
  if (kind === 'orphan' && masterOf(servers[server]) === null) return false;
  return OF_NO_SERVER.includes(kind) || clustered?.isStranger(servers[server].name) !== true;
}

/** Those that a server shares its data with, and itself. */
function shardOf(name: string, { shards }: Parties): readonly string[] {
  if (shards === null) return [name];
  return shards.membersOf(shards.shardOf(name)).map((member) => member.name);
}

/**
 * What of clients' errors a fault explains; null: of none.
 * @param other of two hosts the other one
 */
export function scopeOf(fault: Chosen, parties: Parties, other: string): Scope | null {
  const { kind, server, proxy } = fault;
  // A reload is noticed by nobody. Who is harmed by a network knows it.
  if (kind === 'reload' || isOfClients(kind) || UNNOTICED.includes(kind)) return null;
  if (kind === 'proxy-freeze') return { servers: null, proxy };
  // Keys go from node to node.
  if (parties.clustered !== null || kind.startsWith('sentinel-')) {
    return { servers: null, proxy: null };
  }
  const servers = shardOf(parties.servers[server].name, parties);
  if (kind === 'hosts') return { servers: [...servers, ...shardOf(other, parties)], proxy: null };
  // With sentinels, proxies learn of others what they do not see themselves.
  const isBetween = kind === 'sever' || kind === 'partition' || kind === 'one-way';
  return { servers, proxy: isBetween && parties.shards === null ? proxy : null };
}
