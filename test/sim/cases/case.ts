import type { CodecChoice } from '../../../src/codec/choices.ts';
import type { ReaderKind } from '../../../src/net/reader.ts';

// A case is plain data: all that is done to a world. Its seed only says how the network behaves.

/** One request of a client; keys are numbers within their kind. */
export type Op =
  /** A register is written with a value of `size` bytes; `id` is unique in the case. */
  | { readonly op: 'set'; readonly key: number; readonly id: number; readonly size: number }
  | { readonly op: 'get' | 'strlen' | 'exists'; readonly key: number }
  | { readonly op: 'mget' | 'del'; readonly keys: readonly number[] }
  | { readonly op: 'mset'; readonly keys: readonly number[]; readonly id: number; size: number }
  /** memcached: `add` makes a counter; in Redis it comes with its first INCR. */
  | { readonly op: 'incr' | 'add'; readonly key: number }
  | { readonly op: 'push'; readonly key: number; readonly id: number; readonly size: number }
  | { readonly op: 'pop'; readonly key: number }
  /** BLPOP. */
  | { readonly op: 'await'; readonly key: number; readonly ms: number }
  /** WAIT: replicas of each server have what this client has written; `least` of them, at rest. */
  | { readonly op: 'confirm'; readonly replicas: number; readonly ms: number; least?: number }
  | { readonly op: 'ping' | 'unknown' | 'arity' | 'auth' }
  /** One of the two keys of a pair, which are written together. */
  | { readonly op: 'half'; readonly key: number; half: 'a' | 'b'; id: number; size: number }
  | { readonly op: 'pair'; readonly key: number }
  /** One key of a pair is read. */
  | { readonly op: 'one'; readonly key: number; readonly half: 'a' | 'b' }
  /** Both keys of a pair, by MSET. */
  | { readonly op: 'both'; readonly key: number; readonly id: number; readonly size: number }
  /** A register that is written over what was read of it, with WATCH. */
  | { readonly op: 'watch' | 'look'; readonly key: number }
  | { readonly op: 'swap'; readonly key: number; readonly id: number; readonly size: number }
  /** A message, which says who sent it. */
  | { op: 'publish'; channel: number; id: number; size: number; isShard: boolean }
  /** NUMSUB, SHARDNUMSUB, NUMPAT. */
  | { readonly op: 'count'; readonly kind: ChannelKind; readonly channel: number }
  /** Scripts: one is made known to all servers; INCR; a register is written, what it held told. */
  | { readonly op: 'load'; readonly script: ScriptName }
  | { readonly op: 'bump'; readonly key: number; readonly by: ScriptCall }
  | { op: 'put'; key: number; id: number; size: number; by: ScriptCall }
  | { readonly op: 'multi' }
  | { readonly op: 'queued'; readonly of: Op }
  | { readonly op: 'exec'; readonly of: readonly Op[]; readonly watched: boolean }
  | { readonly op: 'select'; readonly db: number }
  | { readonly op: 'hello'; readonly resp: 2 | 3 };

export type ScriptName = 'bump' | 'put';
/** How a script is called: by its text, or by its digest. */
export type ScriptCall = 'text' | 'digest';

/** What a client does, one after the other. */
export type Action =
  | {
      readonly do: 'send';
      readonly ops: readonly Op[];
      readonly pieces: number;
      readonly pauseMs?: number;
    }
  /** Waits until all is answered. */
  | { readonly do: 'wait' }
  | { readonly do: 'sleep'; readonly ms: number }
  /** Does not read for a while, and goes on. */
  | { readonly do: 'deaf'; readonly ms: number }
  /** Resets its connection, whatever is under way, and connects again. */
  | { readonly do: 'leave' }
  /** Half-closes, takes its answers, and connects again. */
  | { readonly do: 'half' }
  /** Sends the beginning of a request and leaves. */
  | { readonly do: 'break'; readonly bytes: number };

export interface ClientPlan {
  readonly proxy: number;
  readonly startMs: number;
  readonly actions: readonly Action[];
}

export type ChannelKind = 'channel' | 'pattern' | 'shard';

/** What a client does that hears messages. */
export type ListenerAction =
  | {
      readonly do: 'subscribe' | 'unsubscribe';
      readonly kind: ChannelKind;
      /** Numbers of channels or patterns; to unsubscribe, none = from all. */
      readonly names: readonly number[];
    }
  | { readonly do: 'ping' | 'wait' | 'leave' }
  | { readonly do: 'sleep' | 'deaf'; readonly ms: number };

export interface ListenerPlan {
  readonly proxy: number;
  readonly startMs: number;
  readonly resp: 2 | 3;
  readonly actions: readonly ListenerAction[];
}

export const FAULT_KINDS = [
  'crash',
  'wipe',
  'freeze',
  'loading',
  'drop',
  'sever',
  'partition',
  'client-partition',
  'client-sever',
  'proxy-freeze',
  'reload',
  'rename',
  'unread',
  'server-half',
  'one-way',
] as const;

/** Those that are only there with sentinels. */
export const SENTINEL_FAULTS = [
  'failover',
  'sentinel-crash',
  'sentinel-freeze',
  /** Two hosts of any kind cannot reach each other. */
  'hosts',
  /** A replica cannot reach its master, which everybody else does. */
  'orphan',
] as const;

/** Those that are only there in a cluster. What of these the proxy promises to hide comes first. */
export const CLUSTER_FAULTS = [
  /** Slots of known keys are moved to another shard, key by key. */
  'reshard',
  /** A replica is told to take its master's place. */
  'promote',
  /** A node is added, and gets slots. */
  'grow',
  /** That node gives its slots away, is forgotten, and ends. */
  'shrink',
  'hosts',
  'orphan',
  /** A node that clients reach cannot reach any other one. */
  'isolate',
] as const;

export type FaultKind =
  | (typeof FAULT_KINDS)[number]
  | (typeof SENTINEL_FAULTS)[number]
  | (typeof CLUSTER_FAULTS)[number];

/** What clients are at. */
export type ClientState =
  | 'done'
  | 'connecting'
  | 'deaf'
  | 'sending'
  | 'ending'
  | 'receiving'
  | 'waiting'
  | 'idle'
  | 'subscribing'
  | 'listening';
/** How connections to servers stand, the dearer to lose the later. */
export const CONNECTION_STATES = [
  'none',
  'idle',
  'connecting',
  'leased',
  'in flight',
  'full',
  'mid-reply',
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** A client that is at something, and a connection to a server that stands in some way. */
export interface Moment {
  readonly client?: ClientState;
  /** What the client waits for: of faults of servers, that one is hit. */
  readonly asked?: Op['op'];
  /** What it has asked behind that. */
  readonly behind?: Op['op'];
  /** It has sent a part of a large request. */
  readonly begun?: boolean;
  readonly connection?: ConnectionState;
  /** Slots of a cluster are on the move. */
  readonly moving?: true;
}

/** A fault at a time. Without a kind, the scheduler chooses kind and victims when it comes. */
export interface Fault {
  readonly atMs: number;
  readonly forMs: number;
  /** It waits for such a moment, for a while. */
  readonly when?: Moment;
  readonly kind?: FaultKind;
  readonly server?: number;
  readonly client?: number;
  readonly proxy?: number;
  /** hosts: the other one; sentinel faults: which sentinel. */
  readonly host?: number;
  /** reshard, grow: which slots are moved; none = they are chosen when it comes. */
  readonly slots?: readonly number[];
  /** reload: which of the two configurations. */
  readonly config?: number;
}

/** Keys of a pool in the configuration file. */
export type PoolKeys = Readonly<Record<string, string | number | boolean>>;

/** Masters have replicas, and sentinels watch them. */
export interface Availability {
  readonly replicas: number;
  readonly downAfterMs: number;
}

/** The servers are nodes of a Redis Cluster. */
export interface ClusterTraits {
  readonly masters: number;
  readonly replicas: number;
  readonly nodeTimeoutMs: number;
}

export interface Case {
  readonly seed: number;
  /** Servers and clients are memcached's. */
  readonly memcache?: boolean;
  readonly codec: CodecChoice;
  readonly reader: ReaderKind;
  /** A quick network that cuts nothing; faults are what remains. */
  readonly calm: boolean;
  /** Microseconds that each callback of a proxy takes besides: more arrives meanwhile. */
  readonly busyMicros?: number;
  readonly proxies: number;
  readonly servers: number;
  readonly memoryMib: number;
  readonly availability?: Availability | undefined;
  readonly cluster?: ClusterTraits | undefined;
  /** Servers and pools have a password. */
  readonly password?: boolean;
  /** The pool at first, and after a reload. */
  readonly pools: readonly [PoolKeys, PoolKeys];
  readonly clients: readonly ClientPlan[];
  /** Clients that hear messages, as long as the case lasts. */
  readonly listeners?: readonly ListenerPlan[];
  readonly faults: readonly Fault[];
  /** Of which the scheduler chooses; undefined = of all. */
  readonly kinds?: readonly FaultKind[] | undefined;
}
