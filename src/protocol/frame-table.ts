// The memory map and record formats shared with WebAssembly (assembly/layout.ts). Both codecs fill
// the same records in the same arena, so nothing downstream knows which codec runs.

// --- Frame record: eight u32 words; offsets here count words, not bytes
export const RECORD_BYTES = 32;
export const RECORD_START = 0; // address of the first byte of this piece
export const RECORD_LENGTH = 1; // bytes in this piece
export const RECORD_DEST = 2; // where gather() copies it; 0 = nowhere
export const RECORD_INFO = 3; // flags in the high half; command index or reply type below
export const RECORD_SERVER = 4; // server index, NO_SERVER when the frame has no key
export const RECORD_COUNT = 5; // arguments of a request; elements of an aggregate reply
export const RECORD_KEY = 6; // address of the key, or of the ends of items; 0 = none
export const RECORD_KEY_LENGTH = 7;

export const FLAG_FIRST = 1 << 16; // the piece begins a frame
export const FLAG_LAST = 1 << 17; // the piece ends a frame
export const WHOLE = FLAG_FIRST | FLAG_LAST; // both: the piece is a frame
export const FLAG_SPECIAL = 1 << 18; // not a plain "forward as it is" frame
export const FLAG_INLINE = 1 << 19; // an inline request: a line of words
export const FLAG_BAD_ARITY = 1 << 20; // known command, wrong number of arguments
export const FLAG_TRANSIENT = 1 << 21; // reply -LOADING, -OOM or -BUSY
export const FLAG_KEY_TOO_LONG = 1 << 22; // key beyond LIMIT_KEY_BYTES
export const FLAG_NO_REPLY = 1 << 23; // memcached: a text command with `noreply`
export const FLAG_QUIET = 1 << 24; // memcached: a meta command with the q flag
export const FLAG_BAD = 1 << 25; // memcached: malformed, but where it ends is known
export const FLAG_BASE64_KEY = 1 << 26; // memcached: a meta command with the b flag
export const NO_COMMAND = 0xffff;
export const NO_SERVER = 0xffffffff;

// --- Scan state: u32 words at STATE ------------------------------------------------------------
// Results of the last scan.
export const STATE_STATUS = 0; // one of SCAN_*
export const STATE_CONSUMED = 1; // address of the first byte not covered by a record
export const STATE_ERROR = 2; // one of ERROR_* when STATUS is SCAN_ERROR
export const STATE_ERROR_BYTE = 3; // the offending byte, where the message names one
// What a partial frame needs to continue; saved and restored by JavaScript as one block.
export const STATE_RESUME = 4; // first word of the block
export const STATE_PHASE = 4; // 0 = at the start of a frame
export const STATE_OFFSET = 5; // bytes after CONSUMED that were already looked at
export const STATE_ARGS_LEFT = 6; // words / elements of a reply not yet begun
export const STATE_BULK_LEFT = 7; // bytes of the current bulk (with its CRLF) still to come
export const STATE_COUNT = 8; // arguments of this request / elements of this reply
export const STATE_INFO = 9; // flags and command index or type found so far
export const STATE_SERVER = 10;
export const STATE_KEY_OFFSET = 11; // key position relative to the frame start
export const STATE_KEY_LENGTH = 12;
export const STATE_DETACHED = 13; // 1 = JavaScript has taken the frame's earlier bytes away
export const STATE_WANTED = 14; // word of this request that is looked at next
export const STATE_BOUNDARY = 15; // bytes after CONSUMED in whole elements
export const STATE_WORD_BYTES = 16; // memcached requests: of the word under way
export const STATE_LINE_BYTES = 17; // memcached requests: of the line so far
export const STATE_WORDS = 18;

export const SCAN_COMPLETE = 0; // every byte is covered by records
export const SCAN_PARTIAL = 1; // the last frame is incomplete
export const SCAN_FULL = 2; // stopped at the frame limit; more may follow at CONSUMED
export const SCAN_ERROR = 3; // malformed at CONSUMED; records before it are good

export const ERROR_MULTIBULK_LENGTH = 1;
export const ERROR_BULK_LENGTH = 2;
export const ERROR_EXPECTED_DOLLAR = 3; // STATE_ERROR_BYTE holds what came instead
export const ERROR_BULK_CRLF = 4; // a bulk is not followed by CRLF
export const ERROR_INLINE_TOO_LONG = 5;
export const ERROR_MULTIBULK_LINE_TOO_LONG = 6;
export const ERROR_BULK_LINE_TOO_LONG = 7;
export const ERROR_REPLY_TYPE = 8; // STATE_ERROR_BYTE holds the type byte
export const ERROR_REPLY_LINE = 9; // malformed or over-long reply line
export const ERROR_REPLY_ELEMENTS = 10; // more elements announced than can be counted
export const ERROR_HEADER_LINE = 11; // CR without LF in a request header
export const ERROR_BINARY_PROTOCOL = 12; // a memcached request that begins with 0x80
export const ERROR_LINE_TOO_LONG = 13; // a memcached request line

// --- Limits the scanners enforce ---------------------------------------------------------------
export const LIMIT_INLINE_BYTES = 65536; // an inline request; Redis: PROTO_INLINE_MAX_SIZE
export const LIMIT_HEADER_BYTES = 32; // a length in front of words; "*1048576\r\n" is far shorter
export const LIMIT_ARGUMENTS = 1048576; // words of a request; Redis: 1024 * 1024
export const LIMIT_BULK_BYTES = 536870912; // one word; Redis: proto-max-bulk-len, 512 MiB
export const LIMIT_KEY_BYTES = 32768; // a key: it is hashed in one piece
export const LIMIT_REPLY_LINE_BYTES = 65536; // a line of a reply, such as a status or an error
export const LIMIT_REPLY_ELEMENTS = 0x7fffffff; // elements of one aggregate of a reply
export const LIMIT_REPLY_OUTSTANDING = 0xffffffff; // elements announced on all levels and not begun
export const LIMIT_MEMCACHE_KEY_BYTES = 250; // a key of memcached: KEY_MAX_LENGTH
export const LIMIT_MEMCACHE_VALUE_BYTES = 2147483645; // a value of memcached: INT_MAX - 2
export const LIMIT_MEMCACHE_LINE_BYTES = 2048; // a line of memcached, with its end
export const LIMIT_MEMCACHE_KEYS_LINE_BYTES = 8388608; // the same for get, gets, gat, gats

// --- memcached: commands and replies, in the low half of INFO ------------------------------------
export const MC_NONE = 0; // no command has the number of a record that nobody wrote
export const MC_GET = 1;
export const MC_GETS = 2;
export const MC_GAT = 3;
export const MC_GATS = 4;
export const MC_SET = 5;
export const MC_ADD = 6;
export const MC_REPLACE = 7;
export const MC_APPEND = 8;
export const MC_PREPEND = 9;
export const MC_CAS = 10;
export const MC_DELETE = 11;
export const MC_INCR = 12;
export const MC_DECR = 13;
export const MC_TOUCH = 14;
export const MC_MG = 15;
export const MC_MS = 16;
export const MC_MD = 17;
export const MC_MA = 18;
export const MC_ME = 19;
export const MC_MN = 20;
export const MC_VERSION = 21;
export const MC_QUIT = 22;
export const MC_VERBOSITY = 23;
export const MC_FLUSH_ALL = 24;
export const MC_STATS = 25;
export const MC_COMMANDS = 26; // how many numbers there are

export const MC_REPLY_VALUES = 0; // VALUE items and END
export const MC_REPLY_NUMBER = 1; // of incr and decr
export const MC_REPLY_STORED = 2;
export const MC_REPLY_NOT_STORED = 3;
export const MC_REPLY_EXISTS = 4;
export const MC_REPLY_NOT_FOUND = 5;
export const MC_REPLY_DELETED = 6;
export const MC_REPLY_TOUCHED = 7;
export const MC_REPLY_OK = 8; // also of old servers for HD
export const MC_REPLY_RESET = 9;
export const MC_REPLY_VERSION = 10;
export const MC_REPLY_STATS = 11; // STAT lines and END
export const MC_REPLY_VA = 12; // with its data
export const MC_REPLY_HD = 13;
export const MC_REPLY_EN = 14;
export const MC_REPLY_NF = 15;
export const MC_REPLY_NS = 16;
export const MC_REPLY_EX = 17;
export const MC_REPLY_MN = 18;
export const MC_REPLY_ME = 19;
export const MC_REPLY_ERROR = 20;
export const MC_REPLY_CLIENT_ERROR = 21;
export const MC_REPLY_SERVER_ERROR = 22;

// --- Command table: open addressing, COMMAND_BUCKETS entries of 64 bytes -----------------------
export const COMMAND_BUCKETS = 2048;
export const COMMAND_ENTRY_BYTES = 64;
export const COMMAND_NAME_LENGTH = 0; // u32, 0 = empty bucket
export const COMMAND_INFO = 4; // u32: command index, with FLAG_SPECIAL when not plain
export const COMMAND_ARITY = 8; // i32, as Redis: n = exactly n words, -n = at least n words
export const COMMAND_KEY = 12; // u32: word position of the key to route by, 0 = none
export const COMMAND_PLAIN_COUNT = 16; // u32: with so many words it is plain; 0 = never
export const COMMAND_NAME = 32; // upper case, 32 bytes, zero padded
export const COMMAND_NAME_LIMIT = 32;

// --- Shapes of requests, kept from scan to scan; written by the WASM codecs alone ----------------
export const SHAPE_COUNT = 32;
export const SHAPE_BYTES = 64;
export const SHAPE_HEAD = 0; // the first 16 bytes of such a request, ones where they differ
export const SHAPE_IGNORED = 16; // u64: ones in those of the last eight bytes
export const SHAPE_INFO = 24; // of its record, 0 = no shape
export const SHAPE_WORDS = 28; // with the name and the key

// --- Fragments of a request with several keys, one per server; see Codec.fragment ----------------
export const FRAGMENT_BYTES = 16;
export const FRAGMENT_SERVER = 0;
export const FRAGMENT_KEYS = 4;
export const FRAGMENT_LENGTH = 8; // with its head
export const FRAGMENT_DEST = 12; // where it goes, 0 = nowhere; copying moves it to its end
export const FRAGMENT_SERVERS = 1024; // a pool with more of them does without Codec.fragment
export const SLOTS = 16384; // of a Redis Cluster: there each slot has a fragment of its own

// --- Pool descriptor: u32 words at an address chosen by JavaScript -----------------------------
export const POOL_HASH = 0; // index in HASH order
export const POOL_DISTRIBUTION = 1; // 0 ketama, 1 modula, 2 random, 3 slots
export const POOL_SINGLE = 2; // 1 = exactly one configured server: no hashing, server 0
export const POOL_TAG = 3; // 0 = none, else 0x10000 | first byte | second byte << 8
export const POOL_RING_COUNT = 4; // ketama points / live servers of modula and random / SLOTS
export const POOL_RING_VALUES = 5; // address: point values / last slots / u16 per slot
export const POOL_RING_SERVERS = 6; // address: server index per point / per live server
export const POOL_TOTAL_WEIGHT = 7; // modula: number of slots; 0 = 2^32 or more, h is the slot
export const POOL_INDEX = 8; // address of the bucket index over the points
export const POOL_INDEX_SHIFT = 9; // bucket = value >>> shift
export const POOL_RANDOM = 10; // xorshift32 state, never 0
export const POOL_MAX_ARGUMENTS = 11; // words of one request, 0 = LIMIT_ARGUMENTS
export const POOL_MAX_BULK = 12; // bytes of one word, 0 = LIMIT_BULK_BYTES
export const POOL_MAX_INLINE = 13; // bytes of an inline request, 0 = LIMIT_INLINE_BYTES
export const POOL_WORDS = 16;

// --- Fixed regions of the arena (byte addresses). Below STATE: this module's own data. ----------
export const STATE = 0x00010000;
export const SHAPES = 0x00011000; // emptied whenever the command table is written
export const COMMAND_TABLE = 0x00020000; // 2048 * 64 = 128 KiB
export const FRAME_TABLE = 0x00040000; // 4096 records = 128 KiB
export const FRAME_TABLE_RECORDS = 4096;
export const DRAIN_TABLE = 0x00060000; // 4096 records, filled by JavaScript
export const DRAIN_TABLE_RECORDS = 4096;
export const PART_TABLE = 0x00080000; // 24576 records = 768 KiB: arguments or elements
export const PART_TABLE_RECORDS = 24576;
export const ITEM_ENDS = 0x00140000; // u32 per VALUE item of the last scan: address behind it
export const ITEM_ENDS_BYTES = 0x00020000; // more than a scan sees: an item has 13 bytes
export const SCRATCH = 0x00160000; // 512 KiB: re-encoded inline requests, own frames
export const SCRATCH_BYTES = 0x00080000;
export const PLACE_ORDER = 0x001e0000; // u32 per element: which table it comes from
export const PLACE_TABLES = 0x001f8000; // per table two u32 for place, three for spliceItems
// For lines of joined gets: u32 per key, its items and those before; u32 per item, as ITEM_ENDS.
export const KEY_ITEMS = 0x00240000;
export const JOINED_ENDS = 0x00241000;
export const JOINED_KEYS = 0x00000400; // the most that such a line has
export const END_LINE = 0x00242000; // "END\r\n"
export const SERVER_BITS = 0x00243000; // a bit per server or slot: whether it has a fragment
export const HEADROOM = 0x00250000; // 64 KiB for a carried partial frame
export const WINDOW = 0x00260000; // receive window, right behind the headroom
export const WINDOW_BYTES = 0x00010000; // 64 KiB of a client
export const REPLY_WINDOW_BYTES = 0x00040000; // 256 KiB of a server, for large replies
export const FRAGMENTS = 0x002a0000;
export const SERVER_FRAGMENTS = 0x002e0000; // u32 per server or slot: its fragment's number
export const FIXED_END = 0x002f0000; // slabs, rings and the rest follow, placed by JavaScript
