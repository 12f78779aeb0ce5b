import { routeKey } from '../distribution/route.ts';
import { Arena } from '../protocol/arena.ts';
import type { Codec, CodecName } from '../protocol/codec.ts';
import {
  PART_TABLE,
  PLACE_ORDER,
  PLACE_TABLES,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_LENGTH,
  RECORD_START,
} from '../protocol/frame-table.ts';
import { matchItems } from '../protocol/memcache/item-match.ts';
import { scanMemcacheReplies } from '../protocol/memcache/reply-scanner.ts';
import { scanMemcacheRequests } from '../protocol/memcache/request-scanner.ts';
import { splitMemcacheKeys, splitMemcacheValues } from '../protocol/memcache/splitter.ts';
import { copyFragments, fragment, spliceElements } from '../protocol/redis/scan/fragments.ts';
import { scanReplies } from '../protocol/redis/scan/reply-scanner.ts';
import { scanRequests } from '../protocol/redis/scan/request-scanner.ts';
import { splitReply, splitRequest } from '../protocol/redis/scan/splitter.ts';

/** Below this many bytes a loop is faster than a call into the engine's copy. */
const LOOP_BYTES = 48;

/** The codec in plain JavaScript, for where WebAssembly is not to be had. */
export class JsCodec implements Codec {
  readonly name: CodecName = 'js';
  readonly arena: Arena;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(arenaBytes: number) {
    this.arena = new Arena(new ArrayBuffer(arenaBytes));
    this.#bytes = this.arena.bytes;
    this.#words = this.arena.words;
  }

  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number {
    return scanRequests(this.#bytes, this.#words, start, end, table, limit, pool);
  }

  scanReplies(start: number, end: number, table: number, limit: number): number {
    return scanReplies(this.#bytes, this.#words, start, end, table, limit);
  }

  splitRequest(
    start: number,
    end: number,
    table: number,
    limit: number,
    fromWord: number,
    pool: number,
    firstKey: number,
    step: number,
  ): number {
    const bytes = this.#bytes;
    const words = this.#words;
    return splitRequest(bytes, words, start, end, table, limit, fromWord, pool, firstKey, step);
  }

  splitReply(start: number, end: number, table: number, limit: number): number {
    return splitReply(this.#bytes, this.#words, start, end, table, limit);
  }

  fragment(start: number, end: number, pool: number, firstKey: number, step: number): number {
    return fragment(this.#bytes, this.#words, start, end, pool, firstKey, step);
  }

  copyFragments(start: number, end: number, step: number, fragments: number): void {
    copyFragments(this.#bytes, this.#words, start, end, step, fragments);
  }

  spliceElements(order: number, count: number, dest: number): number {
    return spliceElements(this.#bytes, this.#words, order, count, dest);
  }

  scanMemcacheRequests(
    start: number,
    end: number,
    table: number,
    limit: number,
    pool: number,
  ): number {
    return scanMemcacheRequests(this.#bytes, this.#words, start, end, table, limit, pool);
  }

  scanMemcacheReplies(start: number, end: number, table: number, limit: number): number {
    return scanMemcacheReplies(this.#bytes, this.#words, start, end, table, limit);
  }

  splitMemcacheKeys(
    start: number,
    end: number,
    table: number,
    limit: number,
    fromKey: number,
    pool: number,
  ): number {
    return splitMemcacheKeys(this.#bytes, this.#words, start, end, table, limit, fromKey, pool);
  }

  splitMemcacheValues(start: number, end: number, table: number, limit: number): number {
    return splitMemcacheValues(this.#bytes, this.#words, start, end, table, limit);
  }

  matchItems(line: number, lineEnd: number, start: number, ends: number, count: number): number {
    return matchItems(this.#bytes, this.#words, line, lineEnd, start, ends, count);
  }

  route(start: number, length: number, pool: number): number {
    return routeKey(this.#bytes, start, length, this.#words, pool);
  }

  gather(table: number, count: number): void {
    const bytes = this.#bytes;
    const words = this.#words;
    const last = (table + count * RECORD_BYTES) >>> 2;
    for (let record = table >>> 2; record < last; record += RECORD_BYTES >>> 2) {
      const dest = words[record + RECORD_DEST];
      if (dest === 0) continue;
      const start = words[record + RECORD_START];
      const length = words[record + RECORD_LENGTH];
      if (length <= LOOP_BYTES && (dest <= start || dest >= start + length)) {
        for (let i = 0; i < length; i++) bytes[dest + i] = bytes[start + i];
      } else {
        bytes.copyWithin(dest, start, start + length);
      }
    }
  }

  place(count: number, dest: number): number {
    const words = this.#words;
    let to = dest;
    for (let i = 0; i < count; i++) {
      const table = (PLACE_TABLES >>> 2) + words[(PLACE_ORDER >>> 2) + i] * 2;
      if (words[table] === words[table + 1]) continue;
      const record = words[table] >>> 2;
      words[table] += RECORD_BYTES;
      words[record + RECORD_DEST] = to;
      to += words[record + RECORD_LENGTH];
    }
    return to;
  }

  spliceItems(count: number, dest: number): number {
    const words = this.#words;
    let to = dest;
    let records = 0;
    for (let i = 0; i < count; i++) {
      const table = (PLACE_TABLES >>> 2) + words[(PLACE_ORDER >>> 2) + i] * 3;
      const next = words[table + 1];
      if (next === words[table + 2]) continue;
      const item = words[table];
      const end = words[next >>> 2];
      words[table] = end;
      words[table + 1] = next + 4;
      const record = (PART_TABLE + records++ * RECORD_BYTES) >>> 2;
      words[record + RECORD_START] = item;
      words[record + RECORD_LENGTH] = end - item;
      words[record + RECORD_DEST] = to;
      to += end - item;
    }
    this.gather(PART_TABLE, records);
    return to;
  }
}
