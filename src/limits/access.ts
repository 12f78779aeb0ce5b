/** Logins, TLS and lists of addresses and commands. */

/**
 * Before its client has logged in, a request may have so many bytes: room for AUTH and HELLO, and
 * what Redis takes of a word before the login.
 */
export const LOGIN_REQUEST_BYTES = 16 * 1024;
/** The longest password that such a request has room for (`redis_auth`). */
export const PASSWORD_BYTES = 16_000;
/** A password that servers refuse is looked for in its file at most this often. */
export const PASSWORD_REREAD_MS = 1_000;
/** Replies that wait for a client which has not logged in, before it is not read. */
export const LOGIN_OUTPUT_BYTES = 16 * 1024;
/** What `ringway check` recommends for `login_timeout`, in ms, and `max_auth_failures`. */
export const RECOMMENDED_LOGIN_MS = 10_000;
export const RECOMMENDED_AUTH_FAILURES = 10;
/** A file that the configuration names: bundles of all public authorities have 250 KB. */
export const ATTACHED_FILE_BYTES = 1024 * 1024;
/** Pairs in `tls_certs`: at a reload the files of each are read, and its key is tried. */
export const NAMED_CERTIFICATES = 256;
/** A certificate that ends within this is told in a warning: time to have another made. */
export const EXPIRY_WARNING_MS = 14 * 24 * 3600 * 1000;
/** Handshakes that begin at once, as the time that `tls_handshakes_per_second` gives for them. */
export const HANDSHAKE_BURST_MS = 100;
/** What session tickets are made with is replaced by something new after this. */
export const TICKET_SECRET_MS = 24 * 3600 * 1000;
/** Addresses in `allow_clients` or `deny_clients`: each new client is looked for among them. */
export const LISTED_ADDRESSES = 1024;
/** Names in `deny_commands`: Redis has some 400, subcommands included. */
export const DENIED_COMMANDS = 1024;
/** The longest name that `deny_commands` or `rename_commands` may give; what is longer is none. */
export const COMMAND_NAME_BYTES = 64;
/** Wrong passwords in a pool are logged at most this often, with how many there were. */
export const AUTH_LOG_INTERVAL_MS = 1_000;
/** Clients that a limit keeps out are logged at most this often, with how many there were. */
export const REFUSAL_LOG_INTERVAL_MS = 10_000;
/** HTTP requests to a pool are logged at most this often. */
export const CROSS_PROTOCOL_LOG_INTERVAL_MS = 60_000;
/** Users of a pool: each has a byte per command, and one more per pool that compiles its rules. */
export const USERS_OF_POOL = 10_000;
/** Sets of patterns by which plain requests are let through; beyond that all are looked at. */
export const GATE_SETS = 250;
/** Rules of one user: patterns are tried one by one. */
export const RULES_OF_USER = 1024;
/** Entries of `ACL LOG`, as in Redis. */
export const ACL_LOG_LENGTH = 128;
/** Entries that are alike and no further apart are one; so many of the newest are compared. */
export const ACL_LOG_TOGETHER_MS = 60_000;
export const ACL_LOG_COMPARED = 10;
/** Bytes of a key, a channel or a user's name that an entry keeps. */
export const ACL_LOG_OBJECT_BYTES = 1024;
/** Logins of a pool that servers are asked about at once, each over a connection of its own. */
export const SERVER_LOGINS = 128;
/** A server that has not said by then whether a login is good leaves that to the next one. */
export const SERVER_LOGIN_MS = 10_000;
/** Users with a rate that are remembered at least; beyond that those that have been quiet go. */
export const RATED_USERS = 1024;
/** Lines of an audit log that wait to be written; beyond that they are left out, and counted. */
export const AUDIT_BUFFER_BYTES = 1024 * 1024;
/** Lines are collected for so long, so that one write has many. */
export const AUDIT_FLUSH_MS = 100;
/** Keys of a request that its line names, and bytes that are shown of a word. */
export const AUDIT_KEYS = 16;
export const AUDIT_WORD_BYTES = 128;
/** An audit log that cannot be written is told of at most this often. */
export const AUDIT_LOG_INTERVAL_MS = 10_000;
/** A process that ends waits at most so long for the last lines. */
export const AUDIT_STOP_MS = 2_000;
/** A PROXY header: 16 bytes, addresses, and what balancers add (some add certificates). */
export const PROXY_HEADER_BYTES = 4096;
/** It comes with the first packet: who has not sent it by then is closed. */
export const PROXY_HEADER_MS = 5_000;
