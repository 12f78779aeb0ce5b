/** The stats port, the admin socket, the HTTP address and unix sockets. */

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
/** So few pools are shown with all they have, unless somebody says otherwise. */
export const PAGE_POOLS_OPEN = 3;
/** More servers of a pool are shown when somebody asks for them. */
export const PAGE_SERVERS = 40;
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
/** An answer of the admin socket that needs no work must have come by then. */
export const ADMIN_ANSWER_MS = 10_000;
/** Who says more than this at an admin socket is no ringway: the status of many pools is long. */
export const ADMIN_ANSWER_BYTES = 256 * 1024 * 1024;
/** Connections to the admin socket that may wait: one more does not, it fails with EAGAIN. */
export const ADMIN_BACKLOG = 128;
/** Others may come in between this often while the name of a unix socket is taken. */
export const SOCKET_FILE_TRIES = 8;
/** `ringway top` waits this long for an answer of the status page. */
export const STATUS_ANSWER_MS = 5_000;
/** What looks like the beginning of a key of the terminal is one that ends there after this. */
export const KEY_REST_MS = 50;
/** So many names are told to who has mistaken one. */
export const NAMES_TOLD = 20;
