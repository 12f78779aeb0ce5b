// Finds a command in the table that JavaScript wrote: command-table-layout.ts in
// src/protocol/redis/table.

import { toUpper8 } from './ascii';
import {
  COMMAND_ARITY,
  COMMAND_BUCKETS,
  COMMAND_ENTRY_BYTES,
  COMMAND_INFO,
  COMMAND_NAME,
  COMMAND_NAME_LENGTH,
  COMMAND_NAME_LIMIT,
  COMMAND_PLAIN_COUNT,
  COMMAND_TABLE,
  FLAG_BAD_ARITY,
  FLAG_SPECIAL,
} from './layout';

/** Bucket of a name: its first eight bytes, upper case and zero padded, and its length. */
export function commandHash(low: u32, high: u32, length: u32): u32 {
  const mixed = low * 0x9e3779b1 + high * 0x85ebca6b + length * 0xc2b2ae35;
  return ((mixed ^ (mixed >>> 15)) * 0x2c1b3c6d) >>> 21;
}

/**
 * Address of the entry for the name at [start, start + length) in any case, 0 when there is none.
 */
export function findCommand(start: u32, length: u32): u32 {
  if (length - 1 >= COMMAND_NAME_LIMIT) return 0;
  // A short name is read by the eight bytes that end with it: nothing behind it is touched.
  const first = toUpper8(
    length <= 8 ? load<u64>(start + length - 8) >> (64 - ((<u64>length) << 3)) : load<u64>(start),
  );
  let bucket = commandHash(<u32>first, <u32>(first >>> 32), length);
  while (true) {
    const entry = COMMAND_TABLE + bucket * COMMAND_ENTRY_BYTES;
    const found = load<u32>(entry + COMMAND_NAME_LENGTH);
    if (found === 0) return 0;
    if (
      found === length &&
      load<u64>(entry + COMMAND_NAME) === first &&
      (length <= 8 || sameRest(entry, start, length))
    ) {
      return entry;
    }
    bucket = (bucket + 1) & (COMMAND_BUCKETS - 1);
  }
}

/**
 * findCommand for names of 1 to 8 bytes, which is nearly all. It has one caller and no decorator:
 * the optimiser inlines it there.
 */
export function findShortCommand(start: u32, length: u32): u32 {
  const name = toUpper8(load<u64>(start + length - 8) >> (64 - ((<u64>length) << 3)));
  let bucket = commandHash(<u32>name, <u32>(name >>> 32), length);
  while (true) {
    const entry = COMMAND_TABLE + bucket * COMMAND_ENTRY_BYTES;
    const found = load<u32>(entry + COMMAND_NAME_LENGTH);
    if (found === length && load<u64>(entry + COMMAND_NAME) === name) return entry;
    if (found === 0) return 0;
    bucket = (bucket + 1) & (COMMAND_BUCKETS - 1);
  }
}

/** Whether bytes 8 and on of the name equal the entry's. */
function sameRest(entry: u32, start: u32, length: u32): bool {
  const name = entry + COMMAND_NAME;
  for (let i: u32 = 8; i + 8 < length; i += 8) {
    if (toUpper8(load<u64>(start + i)) !== load<u64>(name + i)) return false;
  }
  const last = length - 8;
  return toUpper8(load<u64>(start + last)) === load<u64>(name + last);
}

/** INFO of a request with `argc` words for the command at `entry`. */
export function commandInfo(entry: u32, argc: u32): u32 {
  let info = load<u32>(entry + COMMAND_INFO);
  if (argc === load<u32>(entry + COMMAND_PLAIN_COUNT)) info &= ~FLAG_SPECIAL;
  const arity = load<i32>(entry + COMMAND_ARITY);
  if (<i32>argc !== arity && (arity >= 0 || <i32>argc < -arity)) {
    info |= FLAG_SPECIAL | FLAG_BAD_ARITY;
  }
  return info;
}
