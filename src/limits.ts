/**
 * Every bound of the proxy, with its reason. Those with a configuration key are defaults; the rest
 * are fixed because other code is built around them.
 */

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
/** Lists of several servers are joined up to this size; longer ones are passed on as they come. */
export const JOINED_LIST_BYTES = 4 * 1024 * 1024;
/** An MGET that is answered in pieces asks for about so many bytes at a time. */
export const PIECE_BYTES = 1024 * 1024;
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
/** Connections to the servers of a pool in all (`max_backend_connections`). */
export const DEFAULT_MAX_BACKEND_CONNECTIONS = 1024;
/** Databases times RESP versions that the clients of a pool may use at once. */
export const LANE_LIMIT = 1024;
/** Commands that a pool learns from its servers and remembers. */
export const LEARNED_COMMANDS = 1024;
/** A client's name, the name and the version of its library: each is kept as long as the client. */
export const CLIENT_NAME_BYTES = 256;
/** A CONFIG GET: its patterns are compared with each name that is shown. */
export const CONFIG_GET_BYTES = 4096;
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
/** What the slow log and its kin keep of a key. */
export const SLOW_KEY_BYTES = 96;
/** What an entry of the slow log counts for besides its texts. */
export const SLOW_ENTRY_BYTES = 256;
/** Kinds of log lines whose repetitions are counted; the oldest is forgotten. */
export const LOG_KINDS = 256;
/** How far two lines of the log must be alike to be of one kind, and what is kept of one. */
export const LOG_KIND_CHARACTERS = 1024;
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
export const WAIT_POLL_MS = 20;
/** The longest pause of WAIT: one that waits for ever costs a server next to nothing. */
export const WAIT_POLL_MAX_MS = 500;
/** A WAIT ends after this when its client sends so much behind it that it is not read any more. */
export const WAIT_UNREAD_MS = 3_000;
/** Behind a request that may take for ever, so much is read and held to see its client leave. */
export const HELD_READ_BYTES = 16 * 1024;
/** Characters that are kept and logged of what a server gives as a reason. */
export const REASON_TEXT = 256;
/** A streamed body that stands still this long gives its connection back; the client is closed. */
export const BULK_STALL_MS = 30_000;
/** Others behind a large reply wait this long for a slow reader; then that reader is closed. */
export const SLOW_READER_GRACE_MS = 1_000;
/** Bytes for one socket after which it is written at once instead of at the end of the turn. */
export const FLUSH_MARK = 64 * 1024;
/** Replies smaller than this are copied into a send slab; larger ones are queued as they are. */
export const COPY_LIMIT = 16 * 1024;
/** Bytes of an unfinished client body that its bulk connection may have queued. */
export const BULK_OUTPUT_LIMIT = 1024 * 1024;

/** Bytes that may wait for clients and servers in one process (`--memory-mib`). */
export const DEFAULT_MEMORY_LIMIT = 1024 * 1024 * 1024;
/** A client that holds less is not closed to make room. */
export const SHED_AT_LEAST_BYTES = 64 * 1024;

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

/** A certificate that ends within this is told in a warning: time to have another made. */
export const EXPIRY_WARNING_MS = 14 * 24 * 3600 * 1000;

/** Handshakes that begin at once, as the time that `tls_handshakes_per_second` gives for them. */
export const HANDSHAKE_BURST_MS = 100;
/** What session tickets are made with is replaced by something new after this. */
export const TICKET_SECRET_MS = 24 * 3600 * 1000;
/** A TLS client, which no other process can take over, is closed in a pause of this length. */
export const QUIET_LEAVE_MS = 1_000;

/** Addresses in `allow_clients` or `deny_clients`: each new client is looked for among them. */
export const LISTED_ADDRESSES = 1024;

/** Names in `deny_commands`: Redis has some 400, subcommands included. */
export const DENIED_COMMANDS = 1024;

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

/** Connections at once to the stats port: exporters come one at a time. */
export const STATS_CONNECTIONS = 64;
/** A reader of the stats has this long in all: it is one line, and nothing is asked. */
export const STATS_TIME_MS = 10_000;
/** Connections at once to the admin socket: people and scripts of the owner. */
export const ADMIN_CONNECTIONS = 16;
/** Without a command or taking an answer for so long, an admin connection is closed. */
export const ADMIN_IDLE_MS = 60_000;
/** A command is some words: longer lines are a mistake. */
export const ADMIN_LINE_BYTES = 4 * 1024;
/** Clients that `ringway ctl clients` shows. */
export const ADMIN_CLIENTS = 1000;
/** Connections at once to the HTTP address: scrapers, browsers, probes, and room for slow ones. */
export const HTTP_CONNECTIONS = 128;
/** Request headers in all, and of these the address: browsers send about one KiB. */
export const HTTP_HEADER_BYTES = 8 * 1024;
export const HTTP_URL_BYTES = 2 * 1024;
/** From the first byte of a request to its last header, and to its end. */
export const HTTP_HEADERS_MS = 5_000;
export const HTTP_REQUEST_MS = 10_000;
/** A connection that asks for nothing more is kept this long. */
export const HTTP_KEEP_ALIVE_MS = 10_000;
/** An answer must be made and taken within this. */
export const HTTP_ANSWER_MS = 30_000;
/** Requests of one connection that may be unanswered: browsers and scrapers send one. */
export const HTTP_PIPELINE = 4;

/** The longest path of a unix socket: Linux takes 108 bytes, with the NUL at the end. */
export const SOCKET_PATH_BYTES = 107;
/** A unix socket whose listener does not let a connection in by then counts as in use. */
export const SOCKET_PROBE_MS = 1_000;

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
/** Questions of one process that wait for other workers, in bytes. */
export const SIBLINGS_BYTES = 16 * 1024 * 1024;
/** What such a question counts for besides its text. */
export const SIBLINGS_QUESTION_BYTES = 512;

/** A drain may take this long at shutdown before connections are cut. */
export const DRAIN_MS = 1_000;
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
/** A try to reach a server that may have been replaced is given up after this. */
export const DIAL_MS = 1_000;
/** A line, a word and a whole reply of a sentinel, and how deep its lists go. */
export const SENTINEL_LINE_BYTES = 4 * 1024;
export const SENTINEL_WORD_BYTES = 16 * 1024;
export const SENTINEL_REPLY_BYTES = 1024 * 1024;
export const SENTINEL_REPLY_DEPTH = 4;
/** A host that a sentinel names, and replicas that it lists for one master. */
export const SENTINEL_HOST_BYTES = 255;
export const SENTINEL_REPLICAS = 64;
/** Unanswered questions to one sentinel or server: three for each of its masters. */
export const CONTROL_QUESTIONS = 4096;
/** A connection for questions that is idle this long is asked whether it is there. */
export const CONTROL_PING_MS = 1_000;
/** One that owes an answer and says nothing this long is given up for another. */
export const CONTROL_ANSWER_MS = 1_000;
/** The first wait before it is made again; it doubles up to a maximum, with jitter. */
export const CONTROL_RETRY_MS = 100;
export const CONTROL_RETRY_MAX_MS = 5_000;
/** Sentinels are asked about each master this often, and so often while requests wait for it. */
export const SENTINEL_POLL_MS = 5_000;
export const SENTINEL_TROUBLE_POLL_MS = 250;
/** A sentinel is asked about one master at most this often. */
export const SENTINEL_ASK_MS = 50;
/** What a sentinel does wrong is told at most this often. */
export const SENTINEL_LOG_MS = 10_000;
/** So long after requests began to wait. */
export const SENTINEL_TROUBLE_MS = 15_000;
/** What a sentinel said longer ago does not count: three polls. */
export const SENTINEL_VIEW_MS = 15_000;
/** The replica that is being promoted is asked for its role this often. */
export const PROMOTION_POLL_MS = 10;
/** A promotion that takes longer is not waited for. */
export const PROMOTION_MS = 3_000;
/** A server that is said to be the master is asked for so long whether it is. */
export const CONFIRM_MS = 5_000;
/** A sentinel whose announced promotion did not come is not believed the next for so long. */
export const SENTINEL_DISTRUST_MS = 60_000;
/** After a promotion sentinels may name the server before it for so long: not all have heard. */
export const SENTINEL_LAG_MS = 30_000;
/** A master of a lower epoch is believed when most sentinels name it for so long. */
export const SENTINEL_RESET_MS = 10_000;
/** Sentinels of a pool: a master has three to seven. */
export const SENTINELS = 32;
/** Wrong passwords in a pool are logged at most this often, with how many there were. */
export const AUTH_LOG_INTERVAL_MS = 1_000;
/** Clients that a limit keeps out are logged at most this often, with how many there were. */
export const REFUSAL_LOG_INTERVAL_MS = 10_000;
/** HTTP requests to a pool are logged at most this often. */
export const CROSS_PROTOCOL_LOG_INTERVAL_MS = 60_000;
/** After its last reply a closing client may take this long to read it. */
export const LINGER_MS = 1_000;
/**
 * Requests wait for company while the event loop finds more to read: so many polls, or so long. A
 * write to a server wakes it, which costs more than anything else that is done for a request.
 */
export const GATHER_POLLS = 16;
export const GATHER_MICROS = 200;
/**
 * Gets for one server are sent as one line up to this length. memcached takes any, but reads lines
 * of gets up to here as it reads all others.
 */
export const JOINED_LINE_BYTES = 2048;
/** Keys of such lines that one connection may keep until they are answered. */
export const JOINED_KEPT_BYTES = 128 * 1024;
/** A server that answered such a line with an error is sent each get alone for so long. */
export const JOIN_PAUSE_MS = 60_000;
/** Replies wait this long, at most twice that, for those of requests that came with theirs. */
export const HELD_WRITE_MS = 2;
/** More than this is written at once. */
export const HELD_WRITE_BYTES = 16 * 1024;

/** Servers that could not be taken back, for a mistake of ringway itself, are tried again then. */
export const HEALTH_RETRY_MS = 1_000;
/** Errors of ringway itself that a window logs with their stacks; more are counted. */
export const INTERNAL_ERROR_STACKS = 5;
export const INTERNAL_ERROR_WINDOW_MS = 10_000;
/** Lines of a stack that say where it happened. */
export const INTERNAL_ERROR_LINES = 16;
/** How often it is looked whether a client that such an error closed is named in flight. */
export const INTERNAL_ERROR_SWEEP_MS = 20;

/** This many workers that end within the window are replaced at once, more of them later. */
export const WORKER_CRASHES = 5;
export const WORKER_CRASH_WINDOW_MS = 60_000;
/** The first wait before another replacement; it doubles up to half of the window. */
export const WORKER_WAIT_MS = 1_000;
/** A process that takes over must be ready by then. */
export const TAKE_OVER_READY_MS = 30_000;
/**
 * How long a process waits for its clients' last answers before it ends, once another took over.
 */
export const HAND_OVER_MS = 30_000;

/** An answer of the admin socket that needs no work must have come by then. */
export const ADMIN_ANSWER_MS = 10_000;
/** Connections to the admin socket that may wait: one more does not, it fails with EAGAIN. */
export const ADMIN_BACKLOG = 128;
/** Others may come in between this often while the name of a unix socket is taken. */
export const SOCKET_FILE_TRIES = 8;
/** Mistakes in the layout of a file that are told: one is often the cause of all behind it. */
export const LAYOUT_MISTAKES = 5;
/** Lines of the log alike within one window that are written; the rest are counted. */
export const LOG_REPEATS = 20;
export const LOG_WINDOW_MS = 10_000;
/** How often a watched file is looked at: works where it is replaced, or is a link to one. */
export const WATCH_MS = 1_000;
/** Bytes of a pid file that are read; a process id has fewer digits. */
export const PID_FILE_BYTES = 32;
/** systemd-notify is done in milliseconds; nothing waits longer for it. */
export const NOTIFY_MS = 5_000;
/** Words of an unknown command that its error may show. */
export const UNKNOWN_SHOWN_WORDS = 128;
/** The wait before a read is sent again, and how much longer it is before each next time. */
export const RETRY_STEP_MS = 10;
/** How often it is looked whether the clients of a pool, or all, are gone. */
export const CLIENT_SWEEP_MS = 10;
/** The first wait of a tripped breaker; each wait after that is twice as long. */
export const BREAKER_FIRST_WAIT_MS = 50;
/** How often the connections of a server that has left the pool are looked at. */
export const SERVER_SWEEP_MS = 20;
/** A reload, a restart of all workers or an upgrade may take this long until its verdict. */
export const CTL_VERDICT_MS = 600_000;
/** `ringway top` waits this long for an answer of the status page. */
export const STATUS_ANSWER_MS = 5_000;
