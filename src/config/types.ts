import type { Users } from '../acl/users.ts';
import type { RingDistribution } from '../distribution/names.ts';
import type { HashName } from '../hash/names.ts';
import type { CustomCommand } from './keys/custom-commands.ts';
import type { Secret } from './secret.ts';
import type { ClientTls, ServerTls } from './tls-types.ts';

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

/**
 * One pool of the file, its defaults filled in; docs/configuration.md explains each key. Frozen to
 * the bottom, and replaced as a whole by a reload.
 */
export interface PoolConfig {
  /** The key that the pool stands under. */
  readonly name: string;
  /** Where clients connect: with TLS, if there is `tls` and no `tlsListen`. */
  readonly listen: ListenConfig;
  /** Where clients connect with TLS, beside those that connect to `listen` without. */
  readonly tlsListen: ListenConfig | null;
  /** How clients are served with TLS; null = they are not. */
  readonly tls: ClientTls | null;
  /**
   * By ring name, shorter first, equal lengths by byte value: the server index order. Of a cluster
   * the file has none.
   */
  readonly servers: readonly ServerConfig[];
  /** The servers are the nodes of one Redis Cluster, and learned from it. */
  readonly cluster: boolean;
  /** Nodes that it is learned from. */
  readonly seeds: readonly ServerConfig[];
  /** SRV records list servers; null = the file has them all. */
  readonly discovery: Discovery | null;
  /** Clients see a cluster. */
  readonly clusterView: boolean;
  /** What makes a number of a key. */
  readonly hash: HashName;
  /** What makes a server of that number. */
  readonly distribution: RingDistribution;
  /** The two bytes that enclose the hashed part of a key. */
  readonly hashTag: readonly [number, number] | null;
  /** For the reply of a server; 0 = wait for ever. */
  readonly timeoutMs: number;
  /** Connections that wait to be accepted. */
  readonly backlog: number;
  /** At once; 0 = unlimited. Enforced, unlike nutcracker's. */
  readonly clientConnections: number;
  /** The protocol: true Redis, false memcached. */
  readonly redis: boolean;
  /** Of clients' connections. */
  readonly tcpKeepalive: boolean;
  /** How ringway logs in to the servers; null = it does not. */
  readonly serverLogin: ServerLogin | null;
  /** The password of clients; null = they need none, or there are users. */
  readonly clientAuth: Secret | null;
  /** Users with rules; null = there is only the one that may do everything. */
  readonly users: Users | null;
  /** Clients log in to the servers, and have connections of their own users there. */
  readonly loginsAtServer: boolean;
  /** Clients have to log in. */
  readonly loginRequired: boolean;
  /** `address/bits`: the only ones that are let in; null = all. */
  readonly allowClients: readonly string[] | null;
  /** The same that are not let in. */
  readonly denyClients: readonly string[] | null;
  /** Clients of other machines are not let in if nothing else would keep them out. */
  readonly protectedMode: boolean;
  /** Connections begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Clients are the user that their certificate is made out to. */
  readonly tlsUserFromCert: boolean;
  /** Commands that may write are refused. */
  readonly readOnly: boolean;
  /** Clients may see what the servers do. */
  readonly allowMonitor: boolean;
  /** Parameters of servers that clients may set, in lower case. */
  readonly allowConfigSet: readonly string[];
  /** Names in upper case of commands that are refused, `NAME|SUBCOMMAND` for one subcommand. */
  readonly denyCommands: readonly string[];
  /** Commands that clients call by other names. */
  readonly renameCommands: readonly RenamedCommand[];
  /** Of one client; 0 = any number, here and below. */
  readonly clientRequestsPerSecond: number;
  readonly clientBytesPerSecond: number;
  /** Of all clients of a user together. */
  readonly userRequestsPerSecond: number;
  readonly userBytesPerSecond: number;
  /** What becomes of requests beyond these. */
  readonly rateAction: 'wait' | 'error';
  /** Where it is written down who asks for what; null = nowhere. */
  readonly auditLog: string | null;
  /** One of so many requests; 0 = only those that are refused. */
  readonly auditSample: number;
  /** Bytes after which a new file is begun; 0 = never. */
  readonly auditSize: number;
  /** Earlier files that are kept. */
  readonly auditFiles: number;
  /** The database of clients that have not chosen another. */
  readonly redisDb: number;
  /** Connect to every server at start. */
  readonly preconnect: boolean;
  /** A server that fails leaves the ring for a while. */
  readonly autoEjectHosts: boolean;
  /** To each server, per lane. */
  readonly serverConnections: number;
  /** How long an ejected server stays away. */
  readonly serverRetryTimeoutMs: number;
  /** Failures in a row that eject a server. */
  readonly serverFailureLimit: number;
  /** Bytes of the largest request that is kept whole before it is sent. */
  readonly maxAssembledRequest: number;
  /** Bytes of replies that may wait for one client. */
  readonly clientOutputLimit: number;
  /** Bytes of requests that are taken in of a client that does not read; 0 = none. */
  readonly clientInputLimit: number;
  /** Leased ones, to each server. */
  readonly bulkConnections: number;
  /** To all servers of the pool; never below one set of `serverConnections`. */
  readonly maxBackendConnections: number;
  /** To all servers of the pool, each for one client at a time. */
  readonly maxLeasedConnections: number;
  /** For one of those to come free. */
  readonly leaseWaitMs: number;
  /** An unused one of those is kept this long. */
  readonly leaseIdleMs: number;
  /** Bytes of requests between MULTI and EXEC. */
  readonly maxTransaction: number;
  /** From WATCH to EXEC. */
  readonly watchTimeoutMs: number;
  /** `partial_failure: per-key`. */
  readonly perKeyFailure: boolean;
  /** FLUSHALL and FLUSHDB go to all servers instead of being refused. */
  readonly allowFlush: boolean;
  /** `unknown_commands: ask`. */
  readonly askUnknownCommands: boolean;
  /** Beside those of the command table. */
  readonly customCommands: readonly CustomCommand[];
  /** Requests of one client that may be unanswered. */
  readonly maxPipeline: number;
  /** memcached: `flush_all` goes to every server instead of being refused. */
  readonly flushAll: boolean;
  /** memcached: gets for one server share a line. */
  readonly joinGets: boolean;
  /** memcached: what a get with several keys answers when a server fails. */
  readonly multigetFailure: 'hits' | 'error';
  /** Requests that took this long are kept; 0 = no slow log. */
  readonly slowlogMs: number;
  /** Entries. */
  readonly slowlogLength: number;
  /** Keys are not shown. */
  readonly slowlogRedact: boolean;
  /** Bytes of requests that may wait for one server connection; then their clients wait. */
  readonly serverOutputLimit: number;
  /** For a connection to a server to open; 0 = `timeoutMs`. */
  readonly connectTimeoutMs: number;
  /** Without a request; 0 = for ever. */
  readonly clientIdleTimeoutMs: number;
  /** Without a byte of a request that has begun; 0 = for ever. */
  readonly requestReadTimeoutMs: number;
  /** Without a byte of its replies that the client takes; 0 = for ever. */
  readonly clientWriteTimeoutMs: number;
  /** 0 = a client has for ever to log in. */
  readonly loginTimeoutMs: number;
  /** 0 = it may try as often as it likes. */
  readonly maxAuthFailures: number;
  /** How often a read is sent again when its server fails. */
  readonly retryReads: number;
  /** Ejected servers are asked whether they are well before they come back. */
  readonly serverProbe: boolean;
  /** Failures in a row until requests are kept from a server; 0 = never. */
  readonly breakerFailures: number;
  /** The longest that they are kept from it. */
  readonly breakerMaxWaitMs: number;
  /** `subscribe_to: all`; else a channel is subscribed to on its own server. */
  readonly subscribeToAll: boolean;
  /** `pubsub: own`: each client that subscribes has connections of its own for that. */
  readonly ownHubs: boolean;
  /** What becomes of clients that may miss messages. */
  readonly pubsubLoss: 'disconnect' | 'resubscribe';
  /** Of one client. */
  readonly maxSubscriptions: number;
  /** Words of one request. */
  readonly maxArguments: number;
  /** Bytes of one word. */
  readonly maxBulk: number;
  /** Bytes of an inline request. */
  readonly maxInline: number;
  /** Bytes of a script. */
  readonly maxScript: number;
  /** Who knows where the masters are; none = they are where `servers` says. */
  readonly sentinels: readonly SentinelConfig[];
  /** Replicas of the servers, if no sentinel knows them. */
  readonly replicas: readonly ReplicaConfig[];
  /** A replica is promoted when its master is down. */
  readonly promote: boolean;
  /** Who decides which proxy does it. */
  readonly witnesses: readonly SentinelConfig[];
  /** So long nobody must have seen a master. */
  readonly downAfterMs: number;
  /** Also in the place of a master that may go on acknowledging writes. */
  readonly promoteUnfenced: boolean;
  /** Where commands that only read go. */
  readonly readFrom: ReadFrom;
  /** Bytes that a replica may be behind to be read. */
  readonly maxReplicaLag: number;
  /** So long after a write a client reads from the master. */
  readonly readAfterWriteMs: number;
  /**
   * Each server is the master of a shard, and may move: there are sentinels or replicas, or it is a
   * cluster.
   */
  readonly followsMaster: boolean;
  /** How ringway logs in to the sentinels; null = it does not. */
  readonly sentinelLogin: SentinelLogin | null;
  /** Sentinels are spoken to with TLS, as the servers are. */
  readonly sentinelTls: boolean;
  /** What stands before a server's name where a sentinel knows it. */
  readonly sentinelPrefix: string;
  /** SENTINEL is answered: ringway is the sentinel, and the master of every name. */
  readonly sentinelView: boolean;
  /** Where clients reach this pool, then the same pool of other proxies; none = as they do. */
  readonly announce: readonly SentinelConfig[];
  /** Names of servers are looked up so often; 0 = for each connection. */
  readonly dnsIntervalMs: number;
  /** By whom. */
  readonly dns: 'system' | 'resolver';
  /** How long requests that were not executed wait for a master; 0 = not at all. */
  readonly failoverWaitMs: number;
  /** Of its name. */
  readonly position: Position;
  /** Where each key of this pool stands in the file; absent keys have their default. */
  readonly keyPositions: Readonly<Record<string, Position>>;
}

/** Where the servers of a pool come from that the file does not name. Frozen. */
export interface Discovery {
  /** Lines with names of SRV records, whose weight each that is listed has. */
  readonly services: readonly ServerConfig[];
  /** The other lines: these servers are always there. */
  readonly fixed: readonly ServerConfig[];
}

/** A login to servers. Frozen. */
export interface ServerLogin {
  /** null = AUTH without a user. */
  readonly user: string | null;
  readonly password: Secret;
  /** Where the password was read, and can be read again; null = it cannot. */
  readonly file: string | null;
}

/** A login to sentinels. Frozen. */
export interface SentinelLogin {
  /** `password` or `user password`. */
  readonly words: Secret;
  /** Where they were read, and can be read again; null = they cannot. */
  readonly file: string | null;
}

/** A command that clients call by another name, and by no other. Frozen. */
export interface RenamedCommand {
  /** As the servers know it; upper case, as the other. */
  readonly command: string;
  readonly name: string;
}

export type ListenConfig = TcpListen | UnixListen;

/** A listener on an address and port. */
export interface TcpListen {
  readonly kind: 'tcp';
  /** As typed. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
}

/** A listener on a path. */
export interface UnixListen {
  readonly kind: 'unix';
  /** As typed. */
  readonly text: string;
  readonly path: string;
  /** Permission bits to set after bind; 0 = leave them to the umask. */
  readonly mode: number;
}

/** One line of `sentinels:` or `witnesses:`. Frozen. */
export interface SentinelConfig {
  readonly host: string;
  readonly port: number;
}

/** `read_from`. */
export type ReadFrom = 'master' | 'prefer-replica' | 'replica' | 'any' | 'nearest';

/** One line of `replicas:`. Frozen. */
export interface ReplicaConfig {
  readonly host: string;
  readonly port: number;
  /** The name of its server. */
  readonly server: string;
}

/** One line of `servers:`. Frozen. */
export interface ServerConfig {
  /** The line as typed. */
  readonly text: string;
  /** What it is called wherever people or programs read it. */
  readonly name: string;
  /**
   * The same as it is hashed and sorted. One character per byte (latin1), so that
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
  /** Its share of the keys, from 1. */
  readonly weight: number;
  /** How it is spoken to with TLS, the same for all of a pool; null = without. */
  readonly tls: ServerTls | null;
  /** Where it stands in the file, from 1. */
  readonly line: number;
  readonly column: number;
}
