import type { DistributionName } from '../distribution/names.ts';
import type { HashName } from '../hash/names.ts';
import type { CustomCommand } from './keys/custom-commands.ts';

/** A place in the configuration file, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A whole configuration file. Deep-frozen. */
export interface Config {
  readonly file: string;
  /** Shorter names first, equal lengths by byte value: the order of the stats and the listeners. */
  readonly pools: readonly PoolConfig[];
}

export interface PoolConfig {
  readonly name: string;
  readonly listen: ListenConfig;
  /** By ring name, shorter first, equal lengths by byte value: the server index order. */
  readonly servers: readonly ServerConfig[];
  readonly hash: HashName;
  readonly distribution: DistributionName;
  /** The two bytes that enclose the hashed part of a key. */
  readonly hashTag: readonly [number, number] | null;
  /** 0 = wait for ever. */
  readonly timeoutMs: number;
  readonly backlog: number;
  /** 0 = unlimited. Enforced, unlike nutcracker's. */
  readonly clientConnections: number;
  readonly redis: boolean;
  readonly tcpKeepalive: boolean;
  /** A Buffer cannot be frozen; nobody may write to it. */
  readonly redisAuth: Buffer | null;
  readonly redisDb: number;
  readonly preconnect: boolean;
  readonly autoEjectHosts: boolean;
  readonly serverConnections: number;
  readonly serverRetryTimeoutMs: number;
  readonly serverFailureLimit: number;
  readonly maxAssembledRequest: number;
  readonly clientOutputLimit: number;
  readonly bulkConnections: number;
  readonly maxBackendConnections: number;
  /** `partial_failure: per-key`. */
  readonly perKeyFailure: boolean;
  readonly allowFlush: boolean;
  /** `unknown_commands: ask`. */
  readonly askUnknownCommands: boolean;
  readonly customCommands: readonly CustomCommand[];
  readonly maxPipeline: number;
  /** memcached: `flush_all` goes to every server instead of being refused. */
  readonly flushAll: boolean;
  /** memcached: gets for one server share a line. */
  readonly joinGets: boolean;
  /** memcached: what a get with several keys answers when a server fails. */
  readonly multigetFailure: 'hits' | 'error';
  /** 0 = no slow log. */
  readonly slowlogMs: number;
  readonly slowlogLength: number;
  readonly slowlogRedact: boolean;
  readonly serverOutputLimit: number;
  readonly connectTimeoutMs: number;
  readonly clientIdleTimeoutMs: number;
  readonly requestReadTimeoutMs: number;
  readonly clientWriteTimeoutMs: number;
  /** 0 = a client has for ever to log in. */
  readonly loginTimeoutMs: number;
  /** 0 = it may try as often as it likes. */
  readonly maxAuthFailures: number;
  readonly retryReads: number;
  readonly serverProbe: boolean;
  readonly breakerFailures: number;
  readonly breakerMaxWaitMs: number;
  readonly maxArguments: number;
  readonly maxBulk: number;
  readonly maxInline: number;
  readonly maxScript: number;
  readonly position: Position;
  /** Where each key of this pool stands in the file; absent keys have their default. */
  readonly keyPositions: Readonly<Record<string, Position>>;
}

export type ListenConfig = TcpListen | UnixListen;

export interface TcpListen {
  readonly kind: 'tcp';
  /** As typed. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
}

export interface UnixListen {
  readonly kind: 'unix';
  /** As typed. */
  readonly text: string;
  readonly path: string;
  /** Permission bits to set after bind; 0 = leave them to the umask. */
  readonly mode: number;
}

export interface ServerConfig {
  /** The line as typed. */
  readonly text: string;
  /**
   * What is hashed, sorted and shown in the stats. One character per byte (latin1), so that
   * `Buffer.from(ringName, 'latin1')` gives the bytes of the file.
   */
  readonly ringName: string;
  readonly kind: 'tcp' | 'unix';
  /** Empty for a unix socket. */
  readonly host: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /** Empty for TCP. */
  readonly path: string;
  readonly weight: number;
  /** Where it stands in the file. */
  readonly line: number;
  readonly column: number;
}
