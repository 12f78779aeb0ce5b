// biome-ignore-all lint/correctness/noPrecisionLoss: these are 64-bit integers
// A request with several keys becomes one per server, and the servers' arrays one reply. The
// readable reference is src/protocol/redis/scan/fragments.ts, which must behave the same.

import { CRLF, lineEnd, readNumber } from './ascii';
import { copyBytes } from './gather';
import {
  FLAG_KEY_TOO_LONG,
  FRAGMENT_BYTES,
  FRAGMENT_DEST,
  FRAGMENT_KEYS,
  FRAGMENT_LENGTH,
  FRAGMENT_SERVER,
  FRAGMENTS,
  NO_SERVER,
  PART_TABLE,
  PART_TABLE_RECORDS,
  PLACE_ORDER,
  PLACE_TABLES,
  RECORD_BYTES,
  RECORD_COUNT,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  SERVER_BITS,
  SERVER_FRAGMENTS,
  SLOTS,
} from './layout';
import { quickEnd } from './records';
import { elementEnd, splitWords } from './resp-splitters';
import { bulkBytes, DOLLAR, STAR } from './resp-syntax';
import { isSlotted } from './route';
import { slotServer } from './slots';

const NOWHERE: i32 = -1;
const TOO_LONG: i32 = -2;

/** Servers or slots are looked through in up to 64 groups of so many, as a power of two, */
let groupBits: u32 = 0;
/** those that have any. */
let groups: u64 = 0;

/** See Codec.fragment. */
export function fragment(start: u32, end: u32, pool: u32, firstKey: u32, step: u32): i32 {
  const words = <u32>readNumber(start, end);
  const name = lineEnd;
  const nameLength = <u32>readNumber(name, end);
  const head = 3 + (lineEnd - name) + nameLength + 2; // without its number of words
  const slotted = isSlotted(pool);
  const most = PART_TABLE_RECORDS;
  const records = splitWords(start, end, PART_TABLE, most, 1, pool, firstKey, step, slotted);
  if (records + 1 !== words) return 0;
  const last = PART_TABLE + records * RECORD_BYTES;
  groupBits = slotted ? 8 : 6;
  const wrong = markServers(last, firstKey, step);
  const fragments = numberServers(head);
  if (wrong !== 0) return wrong;
  if (slotted && !nameOwners(fragments, pool)) return NOWHERE;
  let number: u32 = 0;
  let current = FRAGMENTS;
  let order = PLACE_ORDER;
  let nextKey = firstKey;
  for (let record = PART_TABLE; record < last; record += RECORD_BYTES) {
    if (load<u32>(record + RECORD_COUNT) === nextKey) {
      nextKey += step;
      number = load<u32>(SERVER_FRAGMENTS + (load<u32>(record + RECORD_SERVER) << 2));
      current = FRAGMENTS + number * FRAGMENT_BYTES;
      store<u16>(order, <u16>number);
      order += 2;
      store<u32>(current + FRAGMENT_KEYS, load<u32>(current + FRAGMENT_KEYS) + 1);
    }
    const length = load<u32>(current + FRAGMENT_LENGTH) + load<u32>(record + RECORD_LENGTH);
    store<u32>(current + FRAGMENT_LENGTH, length);
    store<u32>(record + RECORD_SERVER, number);
  }
  const lastFragment = FRAGMENTS + fragments * FRAGMENT_BYTES;
  for (let at = FRAGMENTS; at < lastFragment; at += FRAGMENT_BYTES) {
    const digits = digitsOf(load<u32>(at + FRAGMENT_KEYS) * step + 1);
    store<u32>(at + FRAGMENT_LENGTH, load<u32>(at + FRAGMENT_LENGTH) + digits);
  }
  return <i32>fragments;
}

/** Gives each fragment the server of its slot. @returns false when one has none */
function nameOwners(fragments: u32, pool: u32): bool {
  const last = FRAGMENTS + fragments * FRAGMENT_BYTES;
  for (let at = FRAGMENTS; at < last; at += FRAGMENT_BYTES) {
    const server = slotServer(load<u32>(at + FRAGMENT_SERVER), pool);
    if (server === NO_SERVER) return false;
    store<u32>(at + FRAGMENT_SERVER, server);
  }
  return true;
}

/** Sets the bit of each server or slot that has a key. @returns what is wrong with a key, or 0 */
function markServers(last: u32, firstKey: u32, step: u32): i32 {
  const bytes = step * RECORD_BYTES;
  groups = 0;
  for (let record = PART_TABLE + (firstKey - 1) * RECORD_BYTES; record < last; record += bytes) {
    if ((load<u32>(record + RECORD_INFO) & FLAG_KEY_TOO_LONG) !== 0) return TOO_LONG;
    const server = load<u32>(record + RECORD_SERVER);
    if (server === NO_SERVER) return NOWHERE;
    assert(server < SLOTS);
    const bits = SERVER_BITS + ((server >>> 6) << 3);
    store<u64>(bits, load<u64>(bits) | ((<u64>1) << (server & 63)));
    groups |= (<u64>1) << (server >>> groupBits);
  }
  return 0;
}

/** Makes a fragment for each bit that is set, and clears it. @returns how many there are */
function numberServers(head: u32): u32 {
  const words: u32 = 1 << (groupBits - 6);
  let number: u32 = 0;
  for (let left = groups; left !== 0; left &= left - 1) {
    const first = <u32>ctz(left) * words;
    for (let word = first; word < first + words; word++) number = numberWord(word, head, number);
  }
  return number;
}

/** As numberServers(), of one word of SERVER_BITS. */
function numberWord(word: u32, head: u32, from: u32): u32 {
  const address = SERVER_BITS + (word << 3);
  let number = from;
  for (let bits = load<u64>(address); bits !== 0; bits &= bits - 1) {
    const server = (word << 6) + <u32>ctz(bits);
    const at = FRAGMENTS + number * FRAGMENT_BYTES;
    store<u32>(at + FRAGMENT_SERVER, server);
    store<u32>(at + FRAGMENT_KEYS, 0);
    store<u32>(at + FRAGMENT_LENGTH, head);
    store<u32>(at + FRAGMENT_DEST, 0);
    store<u32>(SERVER_FRAGMENTS + (server << 2), number);
    number++;
  }
  store<u64>(address, 0);
  return number;
}

/** See Codec.copyFragments. */
export function copyFragments(start: u32, end: u32, step: u32, fragments: u32): void {
  const words = <u32>readNumber(start, end);
  const name = lineEnd;
  const nameLength = <u32>readNumber(name, end);
  const body = lineEnd;
  const lastFragment = FRAGMENTS + fragments * FRAGMENT_BYTES;
  for (let at = FRAGMENTS; at < lastFragment; at += FRAGMENT_BYTES) {
    let dest = load<u32>(at + FRAGMENT_DEST);
    if (dest === 0) continue;
    dest = writeCount(dest, load<u32>(at + FRAGMENT_KEYS) * step + 1);
    memory.copy(dest, name, body - name);
    dest += body - name;
    for (let i: u32 = 0; i < nameLength; i++) store<u8>(dest + i, toLower(load<u8>(body + i)));
    store<u16>(dest + nameLength, <u16>CRLF);
    store<u32>(at + FRAGMENT_DEST, dest + nameLength + 2);
  }
  const last = PART_TABLE + (words - 1) * RECORD_BYTES;
  for (let record = PART_TABLE; record < last; record += RECORD_BYTES) {
    const at = FRAGMENTS + load<u32>(record + RECORD_SERVER) * FRAGMENT_BYTES;
    const dest = load<u32>(at + FRAGMENT_DEST);
    if (dest === 0) continue;
    const length = load<u32>(record + RECORD_LENGTH);
    copyBytes(dest, load<u32>(record + RECORD_START), length);
    store<u32>(at + FRAGMENT_DEST, dest + length);
  }
}

/** See Codec.spliceElements. */
export function spliceElements(order: u32, count: u32, dest: u32): u32 {
  const last = order + (count << 1);
  for (let at = order; at < last; at += 2) {
    const table = PLACE_TABLES + ((<u32>load<u16>(at)) << 3);
    const pos = load<u32>(table);
    const end = load<u32>(table, 4);
    if (pos === end) continue;
    const line = pos < quickEnd(end) ? load<u64>(pos) : 0;
    const bytes = (<u32>line & 0xff) === DOLLAR ? bulkBytes(line) : 0;
    const next = bytes !== 0 ? pos + bytes : elementEnd(pos, end);
    copyBytes(dest, pos, next - pos);
    store<u32>(table, next);
    dest += next - pos;
  }
  return dest;
}

/** Writes "*<count>\r\n". @returns the address behind it */
function writeCount(dest: u32, count: u32): u32 {
  const digits = digitsOf(count);
  store<u8>(dest, <u8>STAR);
  let rest = count;
  for (let at = dest + digits; at > dest; at--) {
    store<u8>(at, <u8>(0x30 + (rest % 10)));
    rest /= 10;
  }
  store<u16>(dest + digits + 1, <u16>CRLF);
  return dest + digits + 3;
}

function digitsOf(count: u32): u32 {
  let digits: u32 = 1;
  for (let rest = count / 10; rest !== 0; rest /= 10) digits++;
  return digits;
}

function toLower(byte: u8): u8 {
  return byte - 0x41 < 26 ? byte + 0x20 : byte;
}
