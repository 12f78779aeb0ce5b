/** Connections to servers, what is learned from servers, and when one counts as away. */

/** Connections to the servers of a pool in all (`max_backend_connections`). */
export const DEFAULT_MAX_BACKEND_CONNECTIONS = 1024;
/** Databases times RESP versions that the clients of a pool may use at once. */
export const LANE_LIMIT = 1024;
/** Commands that a pool learns from its servers and remembers. */
export const LEARNED_COMMANDS = 1024;
/** Commands in `custom_commands`: each is compared with those before it. */
export const CUSTOM_COMMANDS = 1024;
/** Error replies that are kept by their text, which may be a server's. */
export const KEPT_REPLIES = 128;
/** What is shown of a text that a server chose. */
export const REPLY_TEXT_BYTES = 512;
/** The name of a command that a server may be asked about; Redis's longest has 22. */
export const LEARNED_NAME_BYTES = 128;
/** How long a pool remembers that a server did not grant a database. */
export const REFUSAL_MS = 5_000;
/** Databases refused for another reason than their number; the oldest is forgotten. */
export const REFUSED_DATABASES = 64;
/** Characters that are kept and logged of what a server gives as a reason. */
export const REASON_TEXT = 256;
/** A test of a file looks its servers' names up for so long: a resolver may take a minute. */
export const HOST_CHECK_MS = 3_000;
/** A server's repeated failure is logged at most this often. */
export const FAILURE_LOG_INTERVAL_MS = 1_000;
/** While a server stays away, one line this often says so. */
export const OUTAGE_LOG_INTERVAL_MS = 60_000;
/** A server that cannot be reached is looked for this often, whether clients ask for it or not. */
export const LOOK_INTERVAL_MS = 1_000;
/** Looks that a server may leave unanswered before the connection is given up for another. */
export const LOOK_PATIENCE = 3;
/** Where a breaker waits for less, a server is looked for this often: each look is a connection. */
export const LOOK_LEAST_MS = 10;
/**
 * Requests for a server that its breaker keeps from them wait so long while it is looked for: a
 * server that is back answers within a round trip, also to another continent, and this is less than
 * clients wait for a reply before they give up.
 */
export const AWAIT_RETURN_MS = 250;
/** A server whose requests wait for its failover is tried again after this, more or less. */
export const FAILOVER_RETRY_MS = 100;
/** One that nobody waits for any more is asked for where that may be known, this often at most. */
export const FAILOVER_ASK_MS = 1_000;
/** A try to reach a server that may have been replaced is given up after this. */
export const DIAL_MS = 1_000;
/**
 * Gets for one server are sent as one line up to this length. memcached takes any, but reads lines
 * of gets up to here as it reads all others.
 */
export const JOINED_LINE_BYTES = 2048;
/** Keys of such lines that one connection may keep until they are answered. */
export const JOINED_KEPT_BYTES = 128 * 1024;
/** A server that answered such a line with an error is sent each get alone for so long. */
export const JOIN_PAUSE_MS = 60_000;
/** Servers that could not be taken back, for a mistake of ringway itself, are tried again then. */
export const HEALTH_RETRY_MS = 1_000;
/** The wait before a read is sent again, and how much longer it is before each next time. */
export const RETRY_STEP_MS = 10;
/** The first wait of a tripped breaker; each wait after that is twice as long. */
export const BREAKER_FIRST_WAIT_MS = 50;
/** Requests of a connection of which is kept how often they were sent on; answered ones go then. */
export const HOPS_KEPT = 1024;
/** How often the connections of a server that has left the pool are looked at. */
export const SERVER_SWEEP_MS = 20;
