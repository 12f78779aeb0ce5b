// Copies frames from the window to where their connection sends from.

import { copyOver64, copyUpTo64 } from './ascii.simd';
import {
  PART_TABLE,
  PLACE_ORDER,
  PLACE_TABLES,
  RECORD_BYTES,
  RECORD_DEST,
  RECORD_LENGTH,
  RECORD_START,
} from './layout';

/** Above this, the C library's copy makes up for the call. */
const LONGEST_LOOP: u32 = 512;
/** A table of spliceItems: its next item, where the end of that stands, behind the last end. */
const ITEM_TABLE_BYTES: u32 = 12;

/** Copies each record's bytes to its DEST; records with DEST 0 stay. */
export function gather(table: u32, count: u32): void {
  const last = table + count * RECORD_BYTES;
  for (let record = table; record < last; record += RECORD_BYTES) {
    const dest = load<u32>(record + RECORD_DEST);
    if (dest === 0) continue;
    const length = load<u32>(record + RECORD_LENGTH);
    const source = load<u32>(record + RECORD_START);
    assert(source !== 0 && length !== 0);
    copyBytes(dest, source, length);
  }
}

/** Copies `length` bytes, whether the ranges overlap or not. */
export function copyBytes(dest: u32, source: u32, length: u32): void {
  // memory.copy leaves the module: for small frames the call costs more than the copy.
  if (ASC_FEATURE_SIMD) {
    if (length - 16 <= 48) {
      copyUpTo64(dest, source, length);
      return;
    }
    if (length - 65 < LONGEST_LOOP - 64 && apart(dest, source, length)) {
      copyOver64(dest, source, length);
      return;
    }
  }
  if (length - 8 <= 24) copyUpTo32(dest, source, length);
  else if (length - 33 < LONGEST_LOOP - 32 && apart(dest, source, length)) {
    copyOver32(dest, source, length);
  } else memory.copy(dest, source, length);
}

/** See Codec.place. */
export function place(count: u32, dest: u32): u32 {
  const last = PLACE_ORDER + (count << 2);
  for (let at = PLACE_ORDER; at < last; at += 4) {
    const table = PLACE_TABLES + (load<u32>(at) << 3);
    const record = load<u32>(table);
    if (record === load<u32>(table, 4)) continue;
    store<u32>(table, record + RECORD_BYTES);
    store<u32>(record + RECORD_DEST, dest);
    dest += load<u32>(record + RECORD_LENGTH);
  }
  return dest;
}

/** See Codec.spliceItems. */
export function spliceItems(count: u32, dest: u32): u32 {
  const last = PLACE_ORDER + (count << 2);
  let record = PART_TABLE;
  for (let at = PLACE_ORDER; at < last; at += 4) {
    const table = PLACE_TABLES + load<u32>(at) * ITEM_TABLE_BYTES;
    const next = load<u32>(table, 4);
    if (next === load<u32>(table, 8)) continue;
    const item = load<u32>(table);
    const end = load<u32>(next);
    store<u32>(table, end);
    store<u32>(table, next + 4, 4);
    store<u32>(record + RECORD_START, item);
    store<u32>(record + RECORD_LENGTH, end - item);
    store<u32>(record + RECORD_DEST, dest);
    record += RECORD_BYTES;
    dest += end - item;
  }
  gather(PART_TABLE, (record - PART_TABLE) / RECORD_BYTES);
  return dest;
}

/** Whether two ranges share no byte. */
function apart(dest: u32, source: u32, length: u32): bool {
  return dest - source >= length && source - dest >= length;
}

/** Copies more than 32 bytes between ranges that are apart; the last 32 may be copied twice. */
function copyOver32(dest: u32, source: u32, length: u32): void {
  const tail = length - 32;
  for (let at: u32 = 0; at < tail; at += 32) copy32(dest + at, source + at);
  copy32(dest + tail, source + tail);
}

function copy32(dest: u32, source: u32): void {
  store<u64>(dest, load<u64>(source));
  store<u64>(dest, load<u64>(source, 8), 8);
  store<u64>(dest, load<u64>(source, 16), 16);
  store<u64>(dest, load<u64>(source, 24), 24);
}

/** Copies `length` bytes, 8 to 32; all loads come first, so the ranges may overlap. */
function copyUpTo32(dest: u32, source: u32, length: u32): void {
  const first = load<u64>(source);
  const last = load<u64>(source + length - 8);
  if (length > 16) {
    const second = load<u64>(source, 8);
    const third = load<u64>(source + length - 16);
    store<u64>(dest, second, 8);
    store<u64>(dest + length - 16, third);
  }
  store<u64>(dest, first);
  store<u64>(dest + length - 8, last);
}
