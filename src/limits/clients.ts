/** What one client may have: requests, replies, names, and how long it may be slow. */

/** Requests of one client that may be unanswered at once (`max_pipeline`). */
export const DEFAULT_MAX_PIPELINE = 8192;
/** A new client may have this many requests under way; the window opens while it keeps up. */
export const INITIAL_PIPELINE_WINDOW = 128;
/**
 * Reply bytes that requests under way are expected to bring, for a new client. This window too
 * opens while the client keeps up, to half of `client_output_limit`.
 */
export const INITIAL_BYTE_WINDOW = 1024 * 1024;
/** It is never closed further than this. */
export const LEAST_BYTE_WINDOW = 64 * 1024;
/** What a reply is expected to have before the first is there: 128 fit the first window. */
export const EXPECTED_REPLY_BYTES = 8 * 1024;
/** A client whose replies have less on average is bounded by the number of its requests alone. */
export const SMALL_REPLY_BYTES = 1024;
/** So many requests may be under way whatever their replies have, if half of the limit has room. */
export const LEAST_PIPELINE_WINDOW = 16;
/** With more requests than this under way, a client's latest are noted: they may be taken back. */
export const UNNOTED_REQUESTS = 32;
/** Bytes of requests that are noted for it. */
export const SENT_RUN_BYTES = 512 * 1024;
/** A large read is made again when its first reply is swallowed: that is looked at so often. */
export const SWALLOW_LOOK_MS = 2;
/** Lists of several servers are joined up to this size; longer ones are passed on as they come. */
export const JOINED_LIST_BYTES = 4 * 1024 * 1024;
/** An MGET that is answered in pieces asks for about so many bytes at a time. */
export const PIECE_BYTES = 1024 * 1024;
/** What an MGET, MSET or DEL needs is used again by later ones: so many are kept for them, */
export const SPARE_REPLIES = 256;
/** none with more parts than this. */
export const SPARE_REPLY_PARTS = 64;
/** Reply bytes buffered for one client before its servers wait (`client_output_limit`). */
export const DEFAULT_CLIENT_OUTPUT_LIMIT = 32 * 1024 * 1024;
/** Request bytes taken in of a client that takes none of its replies (`client_input_limit`). */
export const DEFAULT_CLIENT_INPUT_LIMIT = 64 * 1024 * 1024;
/** They are kept in blocks of this size. */
export const KEPT_BLOCK_BYTES = 64 * 1024;
/** When such a client reads again, its requests are scanned in pieces of this size or larger. */
export const LEAST_RESTORED_BYTES = 1024;
/**
 * Largest request kept whole before it is sent; larger bodies are streamed
 * (`max_assembled_request`).
 */
export const DEFAULT_MAX_ASSEMBLED_REQUEST = 4 * 1024 * 1024;
/** A client's name, the name and the version of its library: each is kept as long as the client. */
export const CLIENT_NAME_BYTES = 256;
/** Behind a request that may take for ever, so much is read and held to see its client leave. */
export const HELD_READ_BYTES = 16 * 1024;
/** A streamed body that stands still this long gives its connection back; the client is closed. */
export const BULK_STALL_MS = 30_000;
/** Others behind a large reply wait this long for a slow reader; then that reader is closed. */
export const SLOW_READER_GRACE_MS = 1_000;
/** One that takes this much in each such time is none: the others wait for all of its reply. */
export const STEADY_READER_BYTES = 1024 * 1024;
/** Bytes of an unfinished client body that its bulk connection may have queued. */
export const BULK_OUTPUT_LIMIT = 1024 * 1024;
/** A TLS client, which no other process can take over, is closed in a pause of this length. */
export const QUIET_LEAVE_MS = 1_000;
/** After its last reply a closing client may take this long to read it. */
export const LINGER_MS = 1_000;
/** Words of an unknown command that its error may show. */
export const UNKNOWN_SHOWN_WORDS = 128;
/** How often it is looked whether the clients of a pool, or all, are gone. */
export const CLIENT_SWEEP_MS = 10;
