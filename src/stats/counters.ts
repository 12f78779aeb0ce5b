// What is counted, of a server, a pool, and the process: each kind has a Float64Array per subject.
// The numbers of the kinds lie apart and the types name them: none is taken for another's.

/** Counters of a kind: a Float64Array, of which only their numbers can be named. */
type Counters<Counter extends number> = { [K in Counter]: number } & Iterable<number>;

// --- a server: first those of nutcracker's stats, in its words ----------------------------------
export const SERVER_EOF = 0;
export const SERVER_ERR = 1;
export const SERVER_TIMEDOUT = 2;
export const SERVER_CONNECTIONS = 3;
export const SERVER_EJECTED_AT = 4;
export const REQUESTS = 5;
export const REQUEST_BYTES = 6;
export const RESPONSES = 7;
export const RESPONSE_BYTES = 8;
export const IN_QUEUE = 9;
export const IN_QUEUE_BYTES = 10;
export const OUT_QUEUE = 11;
export const OUT_QUEUE_BYTES = 12;
/** ringway's own: requests that got an error because the server failed or was left alone. */
export const FAILED_REQUESTS = 13;
/** Times that it moved to another address. */
export const SERVER_MOVES = 14;
/** Requests that went on in another connection because they were not executed. */
export const REQUESTS_RESENT = 15;
/** Times that requests waited for it in vain. */
export const FAILOVER_TIMEOUTS = 16;
/** Requests that its replicas were sent. */
export const REPLICA_READS = 17;
/** Times that requests began to wait for it, and for how long in all, in seconds. */
export const SERVER_HOLDS = 18;
export const HELD_SECONDS = 19;

export type ServerCounter =
  | typeof SERVER_EOF
  | typeof SERVER_ERR
  | typeof SERVER_TIMEDOUT
  | typeof SERVER_CONNECTIONS
  | typeof SERVER_EJECTED_AT
  | typeof REQUESTS
  | typeof REQUEST_BYTES
  | typeof RESPONSES
  | typeof RESPONSE_BYTES
  | typeof IN_QUEUE
  | typeof IN_QUEUE_BYTES
  | typeof OUT_QUEUE
  | typeof OUT_QUEUE_BYTES
  | typeof FAILED_REQUESTS
  | typeof SERVER_MOVES
  | typeof REQUESTS_RESENT
  | typeof FAILOVER_TIMEOUTS
  | typeof REPLICA_READS
  | typeof SERVER_HOLDS
  | typeof HELD_SECONDS;
export type ServerCounters = Counters<ServerCounter>;

/** Those of one server, all 0. */
export function serverCounters(): ServerCounters {
  return new Float64Array(HELD_SECONDS + 1) as never;
}

// --- a pool -------------------------------------------------------------------------------------
export const CLIENT_EOF = 32;
export const CLIENT_ERR = 33;
export const CLIENT_CONNECTIONS = 34;
export const SERVER_EJECTS = 35;
export const FORWARD_ERROR = 36;
export const FRAGMENTS = 37;
/** ringway's own: clients refused or closed by a limit, and why. */
export const CLIENTS_REFUSED = 38;
export const CLIENT_IDLE_TIMEOUTS = 39;
export const CLIENT_WRITE_TIMEOUTS = 40;
export const REQUEST_READ_TIMEOUTS = 41;
export const SLOW_READERS = 42;
export const REQUESTS_TOO_LARGE = 43;
export const REPLIES_TOO_LARGE = 44;
export const MALFORMED_REQUESTS = 45;
export const READS_RETRIED = 46;
export const AUTH_FAILURES = 47;
export const LOGIN_TIMEOUTS = 48;
/** Reads of a client that took none of its replies: swallowed, and sent again later. */
export const READS_TAKEN_BACK = 49;
/** Requests that got no connection of their own in time. */
export const LEASES_REFUSED = 50;
/** Gauges: clients with subscriptions, these, and how many different ones there are. */
export const PUBSUB_CLIENTS = 51;
export const PUBSUB_SUBSCRIPTIONS = 52;
export const PUBSUB_TOPICS = 53;
/** Messages from servers, copies of them for clients, and those larger than may be. */
export const PUBSUB_MESSAGES = 54;
export const PUBSUB_DELIVERIES = 55;
export const PUBSUB_DROPPED = 56;
/** Subscribers closed: too slow, or their messages may be missing. */
export const PUBSUB_SLOW_CLOSED = 57;
export const PUBSUB_LOST_CLIENTS = 58;
/** Clients that watched keys for too long. */
export const WATCHES_EXPIRED = 59;
/** MGETs whose replies were too large to be kept whole. */
export const READS_IN_PIECES = 60;
/** Handshakes of clients that ended well, those of them that took up a session, and others. */
export const TLS_HANDSHAKES = 61;
export const TLS_RESUMED = 62;
export const TLS_FAILURES = 63;
/** Gauge: clients that a server lets wait. */
export const BLOCKED_CLIENTS = 64;
/** Gauges: clients that want to hear of keys that change, and keys that are noted for them. */
export const TRACKING_CLIENTS = 65;
export const TRACKED_KEYS_NOTED = 66;
/** Messages to them, and those of them that were closed for taking these too slowly. */
export const TRACKING_MESSAGES = 67;
export const TRACKING_SLOW_CLOSED = 68;
/** Requests that the rules of their users do not allow. */
export const NOT_PERMITTED = 69;
/** Gauge: clients that see what servers do; lines for them, those that took these too slowly. */
export const MONITORING_CLIENTS = 70;
export const MONITOR_LINES = 71;
export const MONITOR_SLOW_CLOSED = 72;

/** Requests that a node of a cluster sent elsewhere: for good, once, or to try again later. */
export const REDIRECTED_MOVED = 73;
export const REDIRECTED_ASK = 74;
export const REDIRECTED_RETRY = 75;
/** Requests, or clients for a while, that were kept back by a rate. */
export const RATE_LIMITED = 76;
/** Lines for the audit log that there was no room for, or that could not be written. */
export const AUDIT_LOST = 77;

export type PoolCounter =
  | typeof CLIENT_EOF
  | typeof CLIENT_ERR
  | typeof CLIENT_CONNECTIONS
  | typeof SERVER_EJECTS
  | typeof FORWARD_ERROR
  | typeof FRAGMENTS
  | typeof CLIENTS_REFUSED
  | typeof CLIENT_IDLE_TIMEOUTS
  | typeof CLIENT_WRITE_TIMEOUTS
  | typeof REQUEST_READ_TIMEOUTS
  | typeof SLOW_READERS
  | typeof REQUESTS_TOO_LARGE
  | typeof REPLIES_TOO_LARGE
  | typeof MALFORMED_REQUESTS
  | typeof READS_RETRIED
  | typeof AUTH_FAILURES
  | typeof LOGIN_TIMEOUTS
  | typeof TLS_HANDSHAKES
  | typeof TLS_RESUMED
  | typeof TLS_FAILURES
  | typeof READS_TAKEN_BACK
  | typeof LEASES_REFUSED
  | typeof PUBSUB_CLIENTS
  | typeof PUBSUB_SUBSCRIPTIONS
  | typeof PUBSUB_TOPICS
  | typeof PUBSUB_MESSAGES
  | typeof PUBSUB_DELIVERIES
  | typeof PUBSUB_DROPPED
  | typeof PUBSUB_SLOW_CLOSED
  | typeof PUBSUB_LOST_CLIENTS
  | typeof WATCHES_EXPIRED
  | typeof READS_IN_PIECES
  | typeof BLOCKED_CLIENTS
  | typeof REDIRECTED_MOVED
  | typeof REDIRECTED_ASK
  | typeof REDIRECTED_RETRY
  | typeof TRACKING_CLIENTS
  | typeof TRACKED_KEYS_NOTED
  | typeof TRACKING_MESSAGES
  | typeof TRACKING_SLOW_CLOSED
  | typeof NOT_PERMITTED
  | typeof MONITORING_CLIENTS
  | typeof MONITOR_LINES
  | typeof MONITOR_SLOW_CLOSED
  | typeof RATE_LIMITED
  | typeof AUDIT_LOST;
export type PoolCounters = Counters<PoolCounter>;

/** Those of one pool, all 0. */
export function poolCounters(): PoolCounters {
  return new Float64Array(AUDIT_LOST + 1) as never;
}

// --- the process --------------------------------------------------------------------------------
export const TOTAL_CONNECTIONS = 96;
export const CURR_CONNECTIONS = 97;
/** Exceptions that closed one connection. */
export const INTERNAL_ERRORS = 98;

export type ProcessCounter =
  | typeof TOTAL_CONNECTIONS
  | typeof CURR_CONNECTIONS
  | typeof INTERNAL_ERRORS;
export type ProcessCounters = Counters<ProcessCounter>;

/** Those of the process, all 0. */
export function processCounters(): ProcessCounters {
  return new Float64Array(INTERNAL_ERRORS + 1) as never;
}

/** @param change told each count and its number @returns counters of the same kind */
export function mapCounters<C extends Iterable<number>>(
  counters: C,
  change: (count: number, at: number) => number,
): C {
  return Float64Array.from(counters, change) as never;
}

// --- names and order of nutcracker's stats, which exporters know --------------------------------
/** Of a pool. */
export const POOL_FIELDS: readonly (readonly [name: string, at: PoolCounter])[] = [
  ['client_eof', CLIENT_EOF],
  ['client_err', CLIENT_ERR],
  ['client_connections', CLIENT_CONNECTIONS],
  ['server_ejects', SERVER_EJECTS],
  ['forward_error', FORWARD_ERROR],
  ['fragments', FRAGMENTS],
];

/** Of a server. */
export const SERVER_FIELDS: readonly (readonly [name: string, at: ServerCounter])[] = [
  ['server_eof', SERVER_EOF],
  ['server_err', SERVER_ERR],
  ['server_timedout', SERVER_TIMEDOUT],
  ['server_connections', SERVER_CONNECTIONS],
  ['server_ejected_at', SERVER_EJECTED_AT],
  ['requests', REQUESTS],
  ['request_bytes', REQUEST_BYTES],
  ['responses', RESPONSES],
  ['response_bytes', RESPONSE_BYTES],
  ['in_queue', IN_QUEUE],
  ['in_queue_bytes', IN_QUEUE_BYTES],
  ['out_queue', OUT_QUEUE],
  ['out_queue_bytes', OUT_QUEUE_BYTES],
];
