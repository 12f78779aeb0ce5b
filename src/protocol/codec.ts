import type { Arena } from './arena.ts';

/**
 * One way to scan, route and copy frames. Three implementations (WASM SIMD, WASM scalar, JS) work
 * on the same arena and leave the same records, so callers never know which one runs.
 *
 * Addresses are byte offsets into the arena; tables and state are described in frame-table.ts.
 */
export interface Codec {
  readonly name: CodecName;
  readonly arena: Arena;

  /**
   * Scans requests in [start, end) and writes one record per complete frame to `table`.
   * Resumes from the STATE block: before a new frame its PHASE and DETACHED must be 0.
   * Each key is hashed and its server looked up in the ring of `pool` (a descriptor address).
   * @returns the number of records; status and the next position are in the STATE block.
   */
  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number;

  /** Scans replies in [start, end) like scanRequests; nothing is routed. */
  scanReplies(start: number, end: number, table: number, limit: number): number;

  /**
   * Splits one complete multibulk request at [start, end) into its words: one record per word in
   * `table`, from word `fromWord` on. START and LENGTH cover the whole word ("$3\r\nfoo\r\n"), KEY
   * and KEY_LENGTH its body, COUNT its position. Words at `firstKey`, `firstKey + step` … are
   * routed in `pool`; the others, and all words when `step` is 0, get NO_SERVER.
   * @returns the number of records, at most `limit`.
   */
  splitRequest(
    start: number,
    end: number,
    table: number,
    limit: number,
    fromWord: number,
    pool: number,
    firstKey: number,
    step: number,
  ): number;

  /**
   * Cuts one complete multibulk request with at most PART_TABLE_RECORDS + 1 words, whose keys stand
   * at `firstKey`, `firstKey + step` and so on, into fragments: one per server that has a key, in
   * the order of the servers, all below FRAGMENT_SERVERS. FRAGMENTS has an entry for each: its
   * server, its number of keys, its length with its head, and DEST 0, which the caller replaces.
   * PLACE_ORDER holds a u16 per key: the number of its fragment. PART_TABLE has a record for each
   * word but the name, as splitRequest() leaves it, with the number of the fragment for its SERVER.
   * @returns the number of fragments; 0 when the request is not as its head says, -1 when a key
   * has no server, -2 when one is too long
   */
  fragment(start: number, end: number, pool: number, firstKey: number, step: number): number;

  /**
   * Writes the fragments that fragment() found in the request at [start, end) to their DEST: the
   * number of words, the name in lower case, the words. DEST ends behind them; a fragment whose
   * DEST is 0 is not written.
   */
  copyFragments(start: number, end: number, step: number, fragments: number): void;

  /**
   * Copies the elements of several arrays one behind the other to `dest`. A u16 for each of `count`
   * elements, from `order` on, says of which array it is the next one. PLACE_TABLES holds for each
   * array the address of its next element, which moves on, and of its end; one that has no more
   * gives nothing. The arrays are bytes that scanReplies() has accepted.
   * @returns the address behind the last one
   */
  spliceElements(order: number, count: number, dest: number): number;

  /**
   * Splits one complete aggregate reply at [start, end) into its top-level elements: one record per
   * element; INFO holds the element's type byte.
   * @returns the number of records; -1 when it is not an array, a null array, or has more than
   * `limit` elements.
   */
  splitReply(start: number, end: number, table: number, limit: number): number;

  /** Scans memcached requests, text and meta, like scanRequests. */
  scanMemcacheRequests(
    start: number,
    end: number,
    table: number,
    limit: number,
    pool: number,
  ): number;

  /**
   * Scans memcached replies, text and meta, like scanReplies. Leaves the addresses behind VALUE
   * items in ITEM_ENDS; KEY of their reply's record is where those of its COUNT items stand, or 0.
   */
  scanMemcacheReplies(start: number, end: number, table: number, limit: number): number;

  /**
   * Finds the keys of one complete get, gets, gat or gats line at [start, end): one record per key
   * in `table`. START and LENGTH cover the key as KEY and KEY_LENGTH do, COUNT is its position from
   * 0, SERVER is looked up in `pool`. With `fromKey` 0 the line begins at `start`; otherwise
   * `start` is behind the key before number `fromKey`.
   * @returns the number of records, at most `limit`.
   */
  splitMemcacheKeys(
    start: number,
    end: number,
    table: number,
    limit: number,
    fromKey: number,
    pool: number,
  ): number;

  /**
   * Finds the VALUE items of one complete reply to a get at [start, end), or of its rest: one
   * record per item, from its "VALUE" to the line end behind its data; KEY and KEY_LENGTH are its
   * key, COUNT is its position from 0 in this call.
   * @returns the number of records, at most `limit`; 0 when something else is at `start`.
   */
  splitMemcacheValues(start: number, end: number, table: number, limit: number): number;

  /**
   * Finds out which key each of `count` VALUE items answers. The line at [line, lineEnd) has one
   * blank before each key and nothing else. The items begin at `start`; the addresses behind them
   * stand from `ends` on. Writes to KEY_ITEMS, for each key, how many items there are up to and
   * with its own; a key without one repeats the number before.
   * @returns the number of keys; -1 when the items are not those of the keys in their order
   */
  matchItems(line: number, lineEnd: number, start: number, ends: number, count: number): number;

  /** Server index for the key at [start, start + length). */
  route(start: number, length: number, pool: number): number;

  /** Copies each of `count` records from `table` on to its DEST; records with DEST 0 stay. */
  gather(table: number, count: number): void;

  /**
   * Gives records of several tables their DEST, one behind the other from `dest` on. PLACE_ORDER
   * says for each of `count` elements from which table it comes. PLACE_TABLES holds for each table
   * the addresses of its next record, which moves on, and of its end; an element of a table that
   * has no more takes no room.
   * @returns the address behind the last one
   */
  place(count: number, dest: number): number;

  /**
   * Copies items of several tables one behind the other to `dest`, in the order that PLACE_ORDER
   * gives as for place(). PLACE_TABLES holds for each table the address of its next item, the
   * address of the word with the end of that item, which is where the one behind it begins, and the
   * address behind the last such word. The first two move on. PART_TABLE is used for it: `count` is
   * at most PART_TABLE_RECORDS.
   * @returns the address behind the last one
   */
  spliceItems(count: number, dest: number): number;
}

export type CodecName = 'wasm-simd' | 'wasm-scalar' | 'js';
