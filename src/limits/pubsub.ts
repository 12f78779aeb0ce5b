/** Channels, and questions between workers. */

/** Channels, patterns and shard channels of one client (`max_subscriptions`). */
export const DEFAULT_MAX_SUBSCRIPTIONS = 65536;
/** What a subscription takes besides its name, for its client and for the process. */
export const SUBSCRIPTION_BYTES = 128;
export const HUB_TOPIC_BYTES = 512;
/** A client that subscribes hears within this that it is subscribed, or an error. */
export const HUB_CONFIRM_MS = 2_000;
/** What nobody hears any more is unsubscribed from after this: many come back at once. */
export const HUB_LINGER_MS = 1_000;
/** What waits for that may take so much: it is nobody's. */
export const HUB_IDLE_BYTES = 16 * 1024 * 1024;
/** A connection that subscribes must open by then: before clients give up waiting for it. */
export const HUB_CONNECT_MS = 1_500;
/** It must have its answers by then; one that says nothing is asked this often. */
export const HUB_ANSWER_MS = 10_000;
export const HUB_PING_MS = 10_000;
/** The first wait before it is opened again, and the longest. */
export const HUB_RETRY_MS = 50;
export const HUB_RETRY_MAX_MS = 1_000;
/** A reload waits this long until its new servers are subscribed to. */
export const HUB_PREPARE_MS = 1_000;
/** A server that has left its pool is heard this long: its last messages are under way. */
export const HUB_LEAVE_MS = 5_000;
/** With more patterns in a pool, PUBLISH counts one for all that hear a pattern. */
export const HUB_MATCHED_PATTERNS = 1024;
/** A client that wants sums over all workers waits this long for the others. */
export const SIBLINGS_MS = 2_000;
/** A worker that has not answered another by then will not: nothing is kept for its answer. */
export const SIBLING_ANSWER_MS = 4_000;
/** Questions of one process that wait for other workers, in bytes. */
export const SIBLINGS_BYTES = 16 * 1024 * 1024;
/** What such a question counts for besides its text. */
export const SIBLINGS_QUESTION_BYTES = 512;
/** A client whose subscriptions take more bytes does not go to another process. */
export const ROUND_NAMES_BYTES = 4 * 1024 * 1024;
/** Names that clients who go together may have subscribed to; one that has more goes alone. */
export const ROUND_BYTES = 256 * 1024;
/** So much fewer go together with each try that fails: one of them must not keep all others. */
export const ROUND_RETRY_SHARE = 8;
/** What such a name counts for besides. */
export const ROUND_NAME_BYTES = 32;
/** Servers must be heard there by then, and what they have said before must be here. */
export const ROUND_MS = 2_000;
/** Clients that cannot go along within this are closed: they are not served meanwhile. */
export const ROUNDS_MS = 5_000;
/** The next try comes so much later than one that has failed. */
export const ROUND_RETRY_MS = 200;
/** What a message that is kept for clients who have not come takes besides its bytes. */
export const KEPT_MESSAGE_BYTES = 192;
/** Rounds of one pool that have come and are not over; more are refused. */
export const ROUNDS_OPEN = 4096;
