/** What INFO, WAIT and their kin ask of servers. */

/** A CONFIG GET: its patterns are compared with each name that is shown. */
export const CONFIG_GET_BYTES = 4096;
/** The version of Redis that HELLO and INFO name when no server says its own. */
export const REDIS_VERSION = '7.0.0';
/** A client that wants to know something of the servers waits this long for what they say. */
export const INFO_WAIT_MS = 200;
/** A server has this long to say it, for the clients that come later. */
export const INFO_ANSWER_MS = 2_000;
/** A server's INFO is a tenth of this. */
export const INFO_ANSWER_BYTES = 64 * 1024;
/** A server that did not say anything is asked again after this. */
export const INFO_RETRY_MS = 5_000;
/** A known version is asked for again after this: connections may have been idle meanwhile. */
export const VERSION_AGE_MS = 60_000;
/** Figures in INFO are at most this old. */
export const FIGURES_AGE_MS = 1_000;
/** Databases of a server that INFO tells of. */
export const INFO_DATABASES = 1024;
/** WAIT asks the servers again after this, and after twice as long each next time. */
export const WAIT_POLL_MS = 2;
/** The longest pause of WAIT: one that waits for ever costs a server next to nothing. */
export const WAIT_POLL_MAX_MS = 100;
/** A server that asks its replicas how far they are lets a connection wait for so long at most. */
export const ACK_REQUEST_MS = 100;
/** A WAIT ends after this when its client sends so much behind it that it is not read any more. */
export const WAIT_UNREAD_MS = 3_000;
