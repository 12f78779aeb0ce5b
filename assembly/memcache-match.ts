// Which key of a joined line each VALUE item of its reply answers. The readable reference is
// src/protocol/memcache/item-match.ts, which must behave the same.

import { findWordEnd } from './ascii';
import { KEY_ITEMS } from './layout';
import { VALUE_BYTES } from './memcache-items';

const BLANK: u32 = 0x20;

/** See Codec.matchItems. */
export function matchItems(line: u32, lineEnd: u32, start: u32, ends: u32, count: u32): i32 {
  const lastEnd = ends + (count << 2);
  let item = start;
  let out = KEY_ITEMS;
  let taken: u32 = 0;
  for (let pos = line; pos < lineEnd; out += 4) {
    const key = pos + 1;
    pos = findWordEnd(key, lineEnd);
    if (ends !== lastEnd && isItemOf(item, load<u32>(ends), key, pos - key)) {
      item = load<u32>(ends);
      ends += 4;
      taken++;
    }
    store<u32>(out, taken);
  }
  return taken === count ? (out - KEY_ITEMS) >>> 2 : -1;
}

/** Whether the item at [item, end) has the `length` bytes at `key` as its key. */
function isItemOf(item: u32, end: u32, key: u32, length: u32): bool {
  const own = item + VALUE_BYTES;
  if (own + length >= end || <u32>load<u8>(own + length) !== BLANK) return false;
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) {
    if (load<u64>(own + at) !== load<u64>(key + at)) return false;
  }
  for (; at < length; at++) {
    if (load<u8>(own + at) !== load<u8>(key + at)) return false;
  }
  return true;
}
