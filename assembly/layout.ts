// The memory map and record formats shared with JavaScript (src/protocol/frame-table.ts).
// A test compares the exported globals with the JavaScript constants, so they cannot drift.

// --- Frame record: eight u32 words -------------------------------------------------------------
export const RECORD_BYTES: u32 = 32;
export const RECORD_START: u32 = 0; // address of the first byte of this piece
export const RECORD_LENGTH: u32 = 4; // bytes in this piece
export const RECORD_DEST: u32 = 8; // where gather() copies it; 0 = nowhere
export const RECORD_INFO: u32 = 12; // flags in the high half; command index or reply type below
export const RECORD_SERVER: u32 = 16; // server index, NO_SERVER when the frame has no key
export const RECORD_COUNT: u32 = 20; // arguments of a request; elements of an aggregate reply
export const RECORD_KEY: u32 = 24; // address of the key, or of the ends of items; 0 = none
export const RECORD_KEY_LENGTH: u32 = 28;

export const FLAG_FIRST: u32 = 1 << 16; // the piece begins a frame
export const FLAG_LAST: u32 = 1 << 17; // the piece ends a frame
export const WHOLE: u32 = FLAG_FIRST | FLAG_LAST; // both: the piece is a frame
export const FLAG_SPECIAL: u32 = 1 << 18; // not a plain "forward as it is" frame
export const FLAG_INLINE: u32 = 1 << 19; // an inline request: a line of words
export const FLAG_BAD_ARITY: u32 = 1 << 20; // known command, wrong number of arguments
export const FLAG_TRANSIENT: u32 = 1 << 21; // reply -LOADING, -OOM or -BUSY
export const FLAG_KEY_TOO_LONG: u32 = 1 << 22; // key beyond LIMIT_KEY_BYTES
export const FLAG_NO_REPLY: u32 = 1 << 23; // memcached: a text command with `noreply`
export const FLAG_QUIET: u32 = 1 << 24; // memcached: a meta command with the q flag
export const FLAG_BAD: u32 = 1 << 25; // memcached: malformed, but where it ends is known
export const FLAG_BASE64_KEY: u32 = 1 << 26; // memcached: a meta command with the b flag
export const NO_COMMAND: u32 = 0xffff;
export const NO_SERVER: u32 = 0xffffffff;

// --- Scan state: u32 words at STATE ------------------------------------------------------------
// Results of the last scan.
export const STATE_STATUS: u32 = 0; // one of SCAN_*
export const STATE_CONSUMED: u32 = 1; // address of the first byte not covered by a record
export const STATE_ERROR: u32 = 2; // one of ERROR_* when STATUS is SCAN_ERROR
export const STATE_ERROR_BYTE: u32 = 3; // the offending byte, where the message names one
// What a partial frame needs to continue; saved and restored by JavaScript as one block.
export const STATE_RESUME: u32 = 4; // first word of the block
export const STATE_PHASE: u32 = 4; // 0 = at the start of a frame
export const STATE_OFFSET: u32 = 5; // bytes after CONSUMED that were already looked at
export const STATE_ARGS_LEFT: u32 = 6; // words / elements of a reply not yet begun
export const STATE_BULK_LEFT: u32 = 7; // bytes of the current bulk (with its CRLF) still to come
export const STATE_COUNT: u32 = 8; // arguments of this request / elements of this reply
export const STATE_INFO: u32 = 9; // flags and command index or type found so far
export const STATE_SERVER: u32 = 10;
export const STATE_KEY_OFFSET: u32 = 11; // key position relative to the frame start
export const STATE_KEY_LENGTH: u32 = 12;
export const STATE_DETACHED: u32 = 13; // 1 = JavaScript has taken the frame's earlier bytes away
export const STATE_WANTED: u32 = 14; // word of this request that is looked at next
export const STATE_BOUNDARY: u32 = 15; // bytes after CONSUMED in whole elements
export const STATE_WORD_BYTES: u32 = 16; // memcached requests: of the word under way
export const STATE_LINE_BYTES: u32 = 17; // memcached requests: of the line so far
export const STATE_WORDS: u32 = 18;

export const SCAN_COMPLETE: u32 = 0; // every byte is covered by records
export const SCAN_PARTIAL: u32 = 1; // the last frame is incomplete
export const SCAN_FULL: u32 = 2; // stopped at the frame limit; more may follow at CONSUMED
export const SCAN_ERROR: u32 = 3; // malformed at CONSUMED; records before it are good

export const ERROR_MULTIBULK_LENGTH: u32 = 1;
export const ERROR_BULK_LENGTH: u32 = 2;
export const ERROR_EXPECTED_DOLLAR: u32 = 3; // STATE_ERROR_BYTE holds what came instead
export const ERROR_BULK_CRLF: u32 = 4; // a bulk is not followed by CRLF
export const ERROR_INLINE_TOO_LONG: u32 = 5;
export const ERROR_MULTIBULK_LINE_TOO_LONG: u32 = 6;
export const ERROR_BULK_LINE_TOO_LONG: u32 = 7;
export const ERROR_REPLY_TYPE: u32 = 8; // STATE_ERROR_BYTE holds the type byte
export const ERROR_REPLY_LINE: u32 = 9; // malformed or over-long reply line
export const ERROR_REPLY_ELEMENTS: u32 = 10; // more elements announced than can be counted
export const ERROR_HEADER_LINE: u32 = 11; // CR without LF in a request header
export const ERROR_BINARY_PROTOCOL: u32 = 12; // a memcached request that begins with 0x80
export const ERROR_LINE_TOO_LONG: u32 = 13; // a memcached request line

// --- Limits the scanners enforce ---------------------------------------------------------------
export const LIMIT_INLINE_BYTES: u32 = 65536; // Redis: PROTO_INLINE_MAX_SIZE
export const LIMIT_HEADER_BYTES: u32 = 32; // "*1048576\r\n" is far shorter
export const LIMIT_ARGUMENTS: u32 = 1048576; // Redis: 1024 * 1024
export const LIMIT_BULK_BYTES: u32 = 536870912; // Redis: proto-max-bulk-len, 512 MiB
export const LIMIT_KEY_BYTES: u32 = 32768; // a key is hashed in one piece
export const LIMIT_REPLY_LINE_BYTES: u32 = 65536;
export const LIMIT_REPLY_ELEMENTS: u32 = 0x7fffffff; // in one aggregate
export const LIMIT_REPLY_OUTSTANDING: u32 = 0xffffffff; // announced on all levels and not begun
export const LIMIT_MEMCACHE_KEY_BYTES: u32 = 250; // memcached: KEY_MAX_LENGTH
export const LIMIT_MEMCACHE_VALUE_BYTES: u32 = 2147483645; // memcached: INT_MAX - 2
export const LIMIT_MEMCACHE_LINE_BYTES: u32 = 2048; // with the line end
export const LIMIT_MEMCACHE_KEYS_LINE_BYTES: u32 = 8388608; // the same for get, gets, gat, gats

// --- memcached: commands and replies, in the low half of INFO ------------------------------------
export const MC_NONE: u32 = 0; // no command has the number of a record that nobody wrote
export const MC_GET: u32 = 1;
export const MC_GETS: u32 = 2;
export const MC_GAT: u32 = 3;
export const MC_GATS: u32 = 4;
export const MC_SET: u32 = 5;
export const MC_ADD: u32 = 6;
export const MC_REPLACE: u32 = 7;
export const MC_APPEND: u32 = 8;
export const MC_PREPEND: u32 = 9;
export const MC_CAS: u32 = 10;
export const MC_DELETE: u32 = 11;
export const MC_INCR: u32 = 12;
export const MC_DECR: u32 = 13;
export const MC_TOUCH: u32 = 14;
export const MC_MG: u32 = 15;
export const MC_MS: u32 = 16;
export const MC_MD: u32 = 17;
export const MC_MA: u32 = 18;
export const MC_ME: u32 = 19;
export const MC_MN: u32 = 20;
export const MC_VERSION: u32 = 21;
export const MC_QUIT: u32 = 22;
export const MC_VERBOSITY: u32 = 23;
export const MC_FLUSH_ALL: u32 = 24;
export const MC_STATS: u32 = 25;
export const MC_COMMANDS: u32 = 26; // how many numbers there are

export const MC_REPLY_VALUES: u32 = 0; // VALUE items and END
export const MC_REPLY_NUMBER: u32 = 1; // of incr and decr
export const MC_REPLY_STORED: u32 = 2;
export const MC_REPLY_NOT_STORED: u32 = 3;
export const MC_REPLY_EXISTS: u32 = 4;
export const MC_REPLY_NOT_FOUND: u32 = 5;
export const MC_REPLY_DELETED: u32 = 6;
export const MC_REPLY_TOUCHED: u32 = 7;
export const MC_REPLY_OK: u32 = 8; // also of old servers for HD
export const MC_REPLY_RESET: u32 = 9;
export const MC_REPLY_VERSION: u32 = 10;
export const MC_REPLY_STATS: u32 = 11; // STAT lines and END
export const MC_REPLY_VA: u32 = 12; // with its data
export const MC_REPLY_HD: u32 = 13;
export const MC_REPLY_EN: u32 = 14;
export const MC_REPLY_NF: u32 = 15;
export const MC_REPLY_NS: u32 = 16;
export const MC_REPLY_EX: u32 = 17;
export const MC_REPLY_MN: u32 = 18;
export const MC_REPLY_ME: u32 = 19;
export const MC_REPLY_ERROR: u32 = 20;
export const MC_REPLY_CLIENT_ERROR: u32 = 21;
export const MC_REPLY_SERVER_ERROR: u32 = 22;

// --- Command table: open addressing, COMMAND_BUCKETS entries of 64 bytes -----------------------
export const COMMAND_BUCKETS: u32 = 2048;
export const COMMAND_ENTRY_BYTES: u32 = 64;
export const COMMAND_NAME_LENGTH: u32 = 0; // u32, 0 = empty bucket
export const COMMAND_INFO: u32 = 4; // u32: command index, with FLAG_SPECIAL when not plain
export const COMMAND_ARITY: u32 = 8; // i32, as Redis: n = exactly n words, -n = at least n words
export const COMMAND_KEY: u32 = 12; // u32: word position of the key to route by, 0 = none
export const COMMAND_PLAIN_COUNT: u32 = 16; // u32: with so many words it is plain; 0 = never
export const COMMAND_NAME: u32 = 32; // upper case, 32 bytes, zero padded
export const COMMAND_NAME_LIMIT: u32 = 32;

// --- Shapes of requests, kept from scan to scan; written by the WASM codecs alone ----------------
export const SHAPE_COUNT: u32 = 32;
export const SHAPE_BYTES: u32 = 64;
export const SHAPE_HEAD: u32 = 0; // the first 16 bytes of such a request, ones where they differ
export const SHAPE_IGNORED: u32 = 16; // u64: ones in those of the last eight bytes
export const SHAPE_INFO: u32 = 24; // of its record, 0 = no shape
export const SHAPE_WORDS: u32 = 28; // with the name and the key

// --- Fragments of a request with several keys, one per server; see Codec.fragment ----------------
export const FRAGMENT_BYTES: u32 = 16;
export const FRAGMENT_SERVER: u32 = 0;
export const FRAGMENT_KEYS: u32 = 4;
export const FRAGMENT_LENGTH: u32 = 8; // with its head
export const FRAGMENT_DEST: u32 = 12; // where it goes, 0 = nowhere; copying moves it to its end
export const FRAGMENT_SERVERS: u32 = 1024; // a pool with more of them does without Codec.fragment
export const SLOTS: u32 = 16384; // of a Redis Cluster: there each slot has a fragment of its own

// --- Pool descriptor: u32 words at an address chosen by JavaScript -----------------------------
export const POOL_HASH: u32 = 0; // index in HASH order
export const POOL_DISTRIBUTION: u32 = 1; // 0 ketama, 1 modula, 2 random, 3 slots
export const POOL_SINGLE: u32 = 2; // 1 = exactly one configured server: no hashing, server 0
export const POOL_TAG: u32 = 3; // 0 = none, else 0x10000 | first byte | second byte << 8
export const POOL_RING_COUNT: u32 = 4; // ketama points / live servers of modula and random / SLOTS
export const POOL_RING_VALUES: u32 = 5; // address: point values / last slots / u16 per slot
export const POOL_RING_SERVERS: u32 = 6; // address: server index per point / per live server
export const POOL_TOTAL_WEIGHT: u32 = 7; // modula: number of slots; 0 = 2^32 or more, h is the slot
export const POOL_INDEX: u32 = 8; // address of the bucket index over the points
export const POOL_INDEX_SHIFT: u32 = 9; // bucket = value >>> shift
export const POOL_RANDOM: u32 = 10; // xorshift32 state, never 0
export const POOL_MAX_ARGUMENTS: u32 = 11; // words of one request, 0 = LIMIT_ARGUMENTS
export const POOL_MAX_BULK: u32 = 12; // bytes of one word, 0 = LIMIT_BULK_BYTES
export const POOL_MAX_INLINE: u32 = 13; // bytes of an inline request, 0 = LIMIT_INLINE_BYTES
export const POOL_WORDS: u32 = 16;

// --- Fixed regions of the arena (byte addresses). Below STATE: this module's own data. ----------
export const STATE: u32 = 0x00010000;
export const SHAPES: u32 = 0x00011000; // emptied whenever the command table is written
export const COMMAND_TABLE: u32 = 0x00020000; // 2048 * 64 = 128 KiB
export const FRAME_TABLE: u32 = 0x00040000; // 4096 records = 128 KiB
export const FRAME_TABLE_RECORDS: u32 = 4096;
export const DRAIN_TABLE: u32 = 0x00060000; // 4096 records, filled by JavaScript
export const DRAIN_TABLE_RECORDS: u32 = 4096;
export const PART_TABLE: u32 = 0x00080000; // 24576 records = 768 KiB: arguments or elements
export const PART_TABLE_RECORDS: u32 = 24576;
export const ITEM_ENDS: u32 = 0x00140000; // u32 per VALUE item of the last scan: address behind it
export const ITEM_ENDS_BYTES: u32 = 0x00020000; // more than a scan sees: an item has 13 bytes
export const SCRATCH: u32 = 0x00160000; // 512 KiB: re-encoded inline requests, own frames
export const SCRATCH_BYTES: u32 = 0x00080000;
export const PLACE_ORDER: u32 = 0x001e0000; // u32 per element: which table it comes from
export const PLACE_TABLES: u32 = 0x001f8000; // per table two u32 for place, three for spliceItems
// For lines of joined gets: u32 per key, its items and those before; u32 per item, as ITEM_ENDS.
export const KEY_ITEMS: u32 = 0x00240000;
export const JOINED_ENDS: u32 = 0x00241000;
export const JOINED_KEYS: u32 = 0x00000400; // the most that such a line has
export const END_LINE: u32 = 0x00242000; // "END\r\n"
export const SERVER_BITS: u32 = 0x00243000; // a bit per server or slot: whether it has a fragment
export const HEADROOM: u32 = 0x00250000; // 64 KiB for a carried partial frame
export const WINDOW: u32 = 0x00260000; // receive window, right behind the headroom
export const WINDOW_BYTES: u32 = 0x00010000; // 64 KiB of a client
export const REPLY_WINDOW_BYTES: u32 = 0x00040000; // 256 KiB of a server, for large replies
export const FRAGMENTS: u32 = 0x002a0000;
export const SERVER_FRAGMENTS: u32 = 0x002e0000; // u32 per server or slot: its fragment's number
export const FIXED_END: u32 = 0x002f0000; // slabs, rings and the rest follow, placed by JavaScript
