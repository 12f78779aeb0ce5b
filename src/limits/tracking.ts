/** CLIENT TRACKING and MONITOR. */

/** Keys of one pool whose readers are told when they change; the oldest is given up for a new. */
export const TRACKED_KEYS = 1_000_000;
/** What a key takes besides its name, for each client that has read it. */
export const TRACKED_KEY_BYTES = 256;
/** Keys that one client has read may take so much: then it is told to forget all of them. */
export const TRACKED_CLIENT_BYTES = 64 * 1024 * 1024;
/** Keys that a client is told of in one message; of more it is told to forget all. */
export const TOLD_KEYS = 1024;
/** Keys that are read between MULTI and EXEC; with more the client is told to forget all. */
export const TRACKED_BLOCK_KEYS = 4096;
/** The same in bytes, with what each takes besides its name. */
export const TRACKED_BLOCK_BYTES = 2 * 1024 * 1024;
/** Prefixes of one client, and different ones of all clients of a pool. */
export const TRACKING_PREFIXES = 128;
export const TRACKING_POOL_PREFIXES = 1024;
/** So soon behind a read servers are asked whether what they have said by then is there. */
export const TRACKING_SOON_MS = 5;
/** They are not asked again before this; later and later while the same read is not answered. */
export const TRACKING_ROUND_MS = 100;
export const TRACKING_ROUND_MAX_MS = 10_000;
/** Nor while so many times are not answered: what is kept of each names all clients that track. */
export const TRACKING_ROUNDS = 8;
/** Other processes are asked again for a client that hears for others and is gone; then later. */
export const REDIRECT_LOOK_MS = 1_000;
export const REDIRECT_LOOK_MAX_MS = 30_000;
/** What nobody needs any more stays open this long: many come back at once. */
export const TRACKING_LINGER_MS = 10_000;
/** A client that begins to track, or to monitor, waits so long for the servers. */
export const LINE_START_MS = 2_000;
/** The first wait before a connection that listens is opened again, and the longest. */
export const LINE_RETRY_MS = 50;
export const LINE_RETRY_MAX_MS = 1_000;
