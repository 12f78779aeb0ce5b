/** Connections that serve one client each, and transactions. */

/** Extra connections per server for streamed bodies (`bulk_connections`). */
export const DEFAULT_BULK_CONNECTIONS = 4;
/** Connections that serve one client each, in all (`max_leased_connections`). */
export const DEFAULT_MAX_LEASED_CONNECTIONS = 1024;
/** Idle ones of them that a server keeps per database and RESP version. */
export const LEASES_KEPT = 16;
/** How long the other side of such a connection may be silent before the system asks for it. */
export const LEASE_KEEP_ALIVE_MS = 60_000;
/** Requests between MULTI and EXEC, in bytes (`max_transaction`). */
export const DEFAULT_MAX_TRANSACTION = 32 * 1024 * 1024;
/** SELECTs in one transaction: each is asked for again behind it. */
export const TRANSACTION_SELECTS = 16;
/** What is kept of the first key of a transaction or of a WATCH, for errors. */
export const SHOWN_KEY_BYTES = 128;
/** A larger transaction does not hold up those who share a connection: it gets one of its own. */
export const SHARED_BLOCK_BYTES = 256 * 1024;
/**
 * A client that watches keys may finish its transaction for so long before it goes to another
 * process, where EXEC answers nil: from WATCH to EXEC it takes a few round trips.
 */
export const WATCH_LEAVE_MS = 2_000;
/** A request that is to end, and does not, is asked so again after this, doubled up to the next. */
export const UNBLOCK_AGAIN_MS = 2;
export const UNBLOCK_AGAIN_MAX_MS = 250;
/** A client that is to end is not kept longer by a server that does not end what it waits for. */
export const UNBLOCK_LIMIT_MS = 5_000;
/** An XREAD that blocks keeps so many streams' `$` when it goes on elsewhere; of more, none. */
export const LAST_IDS = 1_024;
