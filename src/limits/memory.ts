/** Memory of one process, slabs, and how writes are gathered. */

/** Bytes for one socket after which it is written at once instead of at the end of the turn. */
export const FLUSH_MARK = 64 * 1024;
/** Replies smaller than this are copied into a send slab; larger ones are queued as they are. */
export const COPY_LIMIT = 16 * 1024;
/** Bytes that may wait for clients and servers in one process (`--memory-mib`). */
export const DEFAULT_MEMORY_LIMIT = 1024 * 1024 * 1024;
/** A client that holds less is not closed to make room. */
export const SHED_AT_LEAST_BYTES = 64 * 1024;
/** Send slabs: most turns need little per socket, so a socket starts with a small one. */
export const SMALL_SLAB_BYTES = 4 * 1024;
export const SMALL_SLABS = 16 * 1024;
export const LARGE_SLAB_BYTES = 64 * 1024;
export const LARGE_SLABS = 1024;
/**
 * Before a chunk is walked this many slabs must be free: one small slab per frame in the worst
 * case.
 */
export const SLAB_RESERVE_LARGE = 16;
/** Views of slabs that are kept for the next write of the same bytes: a power of two. */
export const WRITE_VIEWS = 1024;
/**
 * Room in the arena for the rings of later reloads, beside twice what the first configuration
 * needs: about 1,600 ketama servers. Pages that are never touched take no memory.
 */
export const RING_SPARE_BYTES = 4 * 1024 * 1024;
/**
 * Requests wait for company while the event loop finds more to read: so many polls, or so long. A
 * write to a server wakes it, which costs more than anything else that is done for a request.
 */
export const GATHER_POLLS = 16;
export const GATHER_MICROS = 200;
/** Entries of the timer wheel that may be stale, however few are not. */
export const STALE_TIMERS = 1024;
/** Milliseconds: timers that come so late wait for sockets to be read, once. */
export const LATE_TIMER_MS = 10;
/** Replies wait this long, at most twice that, for those of requests that came with theirs. */
export const HELD_WRITE_MS = 2;
/** More than this is written at once. */
export const HELD_WRITE_BYTES = 16 * 1024;
