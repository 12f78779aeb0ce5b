import { KEY_ITEMS } from '../frame-table.ts';

const BLANK = 0x20;
const VALUE_BYTES = 6; // "VALUE "

/** See Codec.matchItems. */
export function matchItems(
  bytes: Uint8Array,
  words: Uint32Array,
  line: number,
  lineEnd: number,
  start: number,
  ends: number,
  count: number,
): number {
  let item = start;
  let keys = 0;
  let taken = 0;
  for (let pos = line; pos < lineEnd; keys++) {
    const key = pos + 1;
    pos = key;
    while (pos < lineEnd && bytes[pos] !== BLANK) pos++;
    if (taken < count) {
      const end = words[ends / 4 + taken];
      if (isItemOf(bytes, item, end, key, pos - key)) {
        item = end;
        taken++;
      }
    }
    words[KEY_ITEMS / 4 + keys] = taken;
  }
  return taken === count ? keys : -1;
}

/** Whether the item at [item, end) has the `length` bytes at `key` as its key. */
export function isItemOf(
  bytes: Uint8Array,
  item: number,
  end: number,
  key: number,
  length: number,
): boolean {
  const own = item + VALUE_BYTES;
  if (own + length >= end || bytes[own + length] !== BLANK) return false;
  for (let i = 0; i < length; i++) if (bytes[own + i] !== bytes[key + i]) return false;
  return true;
}
