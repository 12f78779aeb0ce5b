/**
 * Counters of a server, as nutcracker's stats name them; offsets into one Float64Array per server.
 */
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
export const SERVER_COUNTERS = 17;

/** Counters of a pool. */
export const CLIENT_EOF = 0;
export const CLIENT_ERR = 1;
export const CLIENT_CONNECTIONS = 2;
export const SERVER_EJECTS = 3;
export const FORWARD_ERROR = 4;
export const FRAGMENTS = 5;
/** ringway's own: clients refused or closed by a limit, and why. */
export const CLIENTS_REFUSED = 6;
export const CLIENT_IDLE_TIMEOUTS = 7;
export const CLIENT_WRITE_TIMEOUTS = 8;
export const REQUEST_READ_TIMEOUTS = 9;
export const SLOW_READERS = 10;
export const REQUESTS_TOO_LARGE = 11;
export const REPLIES_TOO_LARGE = 12;
export const MALFORMED_REQUESTS = 13;
export const READS_RETRIED = 14;
export const AUTH_FAILURES = 15;
export const LOGIN_TIMEOUTS = 16;
export const POOL_COUNTERS = 17;

/** Counters of the process. */
export const TOTAL_CONNECTIONS = 0;
export const CURR_CONNECTIONS = 1;
/** Exceptions that closed one connection. */
export const INTERNAL_ERRORS = 2;
export const PROCESS_COUNTERS = 3;
