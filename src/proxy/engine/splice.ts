import type { SendQueue } from '../../net/send-queue.ts';
import {
  PART_TABLE,
  PLACE_ORDER,
  PLACE_TABLES,
  RECORD_BYTES,
  RECORD_LENGTH,
  RECORD_START,
} from '../../protocol/frame-table.ts';
import type { Engine } from './engine.ts';

const ORDER_WORD = PLACE_ORDER / 4;
const TABLES_WORD = PLACE_TABLES / 4;

/** The elements of part `index` are the records from `start` to `end`. */
export function setPartTable(words: Uint32Array, index: number, start: number, end: number): void {
  words[TABLES_WORD + index * 2] = start;
  words[TABLES_WORD + index * 2 + 1] = end;
}

/** The items of part `index` begin at `start`; the words from `ends` to `last` are their ends. */
export function setItemTable(
  words: Uint32Array,
  index: number,
  start: number,
  ends: number,
  last: number,
): void {
  const table = TABLES_WORD + index * 3;
  words[table] = start;
  words[table + 1] = ends;
  words[table + 2] = last;
}

/**
 * Queues the items of several parts, told by setItemTable(), as one reply of `bytes` bytes.
 * @param order part of each item @returns false when there is no place that takes them all
 */
export function spliceItems(
  out: SendQueue,
  engine: Engine,
  order: readonly number[],
  bytes: number,
): boolean {
  const at = bytes <= engine.slabs.largeBytes ? out.reserve(bytes) : 0;
  if (at === 0) return false;
  engine.takePartTable();
  setOrder(engine.words, order);
  checkEnd(engine.codec.spliceItems(order.length, at), at + bytes);
  return true;
}

/**
 * Queues the elements of several parts as one reply. Their records stand from PART_TABLE to `end`;
 * setPartTable() told which are whose.
 * @param order part of each element @param bytes of all elements
 */
export function spliceParts(
  out: SendQueue,
  engine: Engine,
  order: readonly number[],
  end: number,
  bytes: number,
): void {
  const { words, codec, slabs } = engine;
  // In one place when there is one that can take it all: that makes one write.
  const at = bytes <= slabs.largeBytes ? out.reserve(bytes) : 0;
  if (at === 0) {
    copyParts(out, words, order);
    return;
  }
  setOrder(words, order);
  checkEnd(codec.place(order.length, at), at + bytes);
  codec.gather(PART_TABLE, (end - PART_TABLE) / RECORD_BYTES);
}

/** What was reserved and not written would go out with the bytes of others. */
export function checkEnd(end: number, expected: number): void {
  if (end !== expected) throw new Error(`spliced parts end at ${end}, not at ${expected}`);
}

function setOrder(words: Uint32Array, order: readonly number[]): void {
  for (let i = 0; i < order.length; i++) words[ORDER_WORD + i] = order[i];
}

function copyParts(out: SendQueue, words: Uint32Array, order: readonly number[]): void {
  for (let i = 0; i < order.length; i++) {
    const table = TABLES_WORD + order[i] * 2;
    if (words[table] === words[table + 1]) continue;
    const record = words[table] / 4;
    words[table] += RECORD_BYTES;
    out.copyFrom(words[record + RECORD_START], words[record + RECORD_LENGTH]);
  }
}
