/** Logs, worker processes, signals and files of the process itself. */

/** Numbers of clients that each worker has for itself: the next one begins behind them. */
export const WORKER_CLIENT_NUMBERS = 1_000_000_000_000;
/** So many workers have numbers of their own; those behind them begin again. */
export const NUMBERED_WORKERS = 8192;
/** Workers that may still be replaced while the next process starts, which numbers behind them. */
export const SPARE_NUMBERED_WORKERS = 16;
/** What the slow log and its kin keep of a key. */
export const SLOW_KEY_BYTES = 96;
/** Where there is a slow log, what is kept of each request in flight: command, most of the key. */
export const REQUEST_HEAD_BYTES = 128;
/** What an entry of the slow log counts for besides its texts. */
export const SLOW_ENTRY_BYTES = 256;
/** Traces that wait for the exporter in one process; more are lost, and counted. */
export const TRACES_KEPT = 2048;
/** How often they are taken: what is lost at a crash is younger. */
export const TRACES_TAKEN_MS = 1_000;
/** Servers whose shares of one request are traced. */
export const TRACED_PARTS = 64;
/** What a trace holds of the error that stands for a reply. */
export const FAILURE_TEXT_BYTES = 256;
/** How long the last traces and figures may take to leave when the program ends. */
export const TELEMETRY_END_MS = 2_000;
/** Kinds of log lines whose repetitions are counted; the oldest is forgotten. */
export const LOG_KINDS = 256;
/** How far two lines of the log must be alike to be of one kind, and what is kept of one. */
export const LOG_KIND_CHARACTERS = 1024;
/** A drain may take this long at shutdown before connections are cut. */
export const DRAIN_MS = 1_000;
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
/** Besides what its clients are given a worker has this long to end; then it is killed. */
export const WORKER_END_MS = 2_000;
/** A worker has started by then; most have in a second. */
export const WORKER_START_MS = 60_000;
/** A worker tells its figures within this; of one that stands still the last ones stand. */
export const WORKER_ANSWER_MS = 2_000;
/** Each step of a reload ends within this in all workers; most take milliseconds. */
export const WORKER_CHANGE_MS = 20_000;
/** Clients that wait while there is no worker; more are closed. */
export const UNPLACED_CLIENTS = 1024;
/** A process that takes over must be ready by then. */
export const TAKE_OVER_READY_MS = 30_000;
/**
 * How long a process waits for its clients' last answers before it ends, once another took over.
 */
export const HAND_OVER_MS = 30_000;
/** Mistakes in the layout of a file that are told: one is often the cause of all behind it. */
export const LAYOUT_MISTAKES = 5;
/** Lines of the log alike within one window that are written; the rest are counted. */
export const LOG_REPEATS = 20;
export const LOG_WINDOW_MS = 10_000;
/** So many differences between two configurations stand in one line of the log. */
export const DIFFERENCES_TOLD = 100;
/** Characters of those that do: names are long. */
export const DIFFERENCES_CHARACTERS = 8 * 1024;
/** Orders that are remembered of servers that SRV records do not list any more. */
export const ORDERS_REMEMBERED = 1024;
/** How often a watched file is looked at: works where it is replaced, or is a link to one. */
export const WATCH_MS = 1_000;
/** Bytes of a pid file that are read; a process id has fewer digits. */
export const PID_FILE_BYTES = 32;
/** systemd-notify is done in milliseconds; nothing waits longer for it. */
export const NOTIFY_MS = 5_000;
/** A reload, a restart of all workers or an upgrade may take this long until its verdict. */
export const CTL_VERDICT_MS = 600_000;
/** What was compiled at the start is kept for the next one after this: by then all is loaded. */
export const COMPILE_CACHE_FLUSH_MS = 10_000;
