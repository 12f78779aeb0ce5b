// Looks into complete replies, RESP2 or RESP3, whose frames the scanner has found valid. What they
// say is not believed: every reader gives null for a reply of another kind.

import { readInteger, readSmallInteger } from './integers.ts';

const MINUS = 0x2d;
const STATUS = 0x2b; // '+'
const INTEGER = 0x3a; // ':'
const DOLLAR = 0x24;
const BULK_ERROR = 0x21; // '!'
const STAR = 0x2a;
const SET = 0x7e; // '~'
const MAP = 0x25; // '%'
const NULL = 0x5f; // '_'
const PIPE = 0x7c; // '|'
const LINE_END_BYTES = 2;
const NOTHING = Buffer.alloc(0);

const BULKS: ReadonlySet<number> = new Set(Buffer.from('$=!'));
const AGGREGATES: ReadonlySet<number> = new Set(Buffer.from('*~>%|'));
const PAIRS: ReadonlySet<number> = new Set(Buffer.from('%|'));

function lineEnd(reply: Buffer, at: number): number {
  return reply.indexOf('\r\n', at, 'latin1');
}

/** The size in the header line [at, end); -1 of a null, NaN when it is no number. */
function sizeIn(reply: Buffer, at: number, end: number): number {
  if (reply[at + 1] === MINUS) return -1;
  return readSmallInteger(reply, at + 1, end);
}

/**
 * @param count replies that follow each other, with all that is nested in them
 * @returns the position behind them; NaN when they do not end
 */
function skipReplies(reply: Buffer, at: number, count: number): number {
  let pos = at;
  for (let pending = count; pending > 0; ) {
    const type = reply[pos];
    const end = lineEnd(reply, pos);
    if (end < 0) return Number.NaN;
    const line = pos;
    pos = end + LINE_END_BYTES;
    if (type !== PIPE) pending--;
    if (BULKS.has(type)) {
      const size = sizeIn(reply, line, end);
      if (size !== -1) pos += size + LINE_END_BYTES;
    } else if (AGGREGATES.has(type)) {
      const size = sizeIn(reply, line, end);
      if (size !== -1) pending += PAIRS.has(type) ? size * 2 : size;
    }
    if (Number.isNaN(pos + pending)) return Number.NaN;
  }
  return pos <= reply.length ? pos : Number.NaN;
}

/**
 * @returns the position behind the reply at `at`, attributes in front of it included; NaN when it
 * does not end
 */
export function skipReply(reply: Buffer, at: number): number {
  return skipReplies(reply, at, 1);
}

/** @returns the position of the reply itself, behind its attributes; NaN when they do not end */
export function skipAttributes(reply: Buffer): number {
  let at = 0;
  while (reply[at] === PIPE) {
    const end = lineEnd(reply, at);
    at =
      end < 0 ? Number.NaN : skipReplies(reply, end + LINE_END_BYTES, sizeIn(reply, at, end) * 2);
  }
  return at;
}

/** @returns the reply without the attributes in front of it; nothing when they do not end */
export function withoutAttributes(reply: Buffer): Buffer {
  if (reply[0] !== PIPE) return reply;
  const at = skipAttributes(reply);
  return Number.isNaN(at) ? NOTHING : reply.subarray(at);
}

/** @returns the elements of an array or a set, each with its attributes; null for all else */
export function elementsOf(reply: Buffer): Buffer[] | null {
  const body = withoutAttributes(reply);
  return body[0] === STAR || body[0] === SET ? membersOf(body, 1) : null;
}

/** @param each members for each that the head counts */
function membersOf(body: Buffer, each: number): Buffer[] | null {
  const end = lineEnd(body, 0);
  const size = end < 0 ? -1 : sizeIn(body, 0, end);
  if (!(size >= 0)) return null;
  const members: Buffer[] = [];
  let at = end + LINE_END_BYTES;
  for (let i = 0; i < size * each; i++) {
    const next = skipReply(body, at);
    if (Number.isNaN(next)) return null;
    members.push(body.subarray(at, next));
    at = next;
  }
  return members;
}

/** @returns the keys and values of a map; null for all else */
export function pairsOf(reply: Buffer): [key: Buffer, value: Buffer][] | null {
  const body = withoutAttributes(reply);
  const members = body[0] === MAP ? membersOf(body, 2) : null;
  if (members === null) return null;
  const pairs: [Buffer, Buffer][] = [];
  for (let i = 0; i < members.length; i += 2) pairs.push([members[i], members[i + 1]]);
  return pairs;
}

/** @returns what `read` makes of each element of an array or a set, if it fits for all of them */
export function listOf<T>(reply: Buffer, read: (element: Buffer) => T | null): T[] | null {
  const elements = elementsOf(reply);
  if (elements === null) return null;
  const values: T[] = [];
  for (const element of elements) {
    const value = read(withoutAttributes(element));
    if (value === null) return null;
    values.push(value);
  }
  return values;
}

/** @returns the value of an integer reply that fits into 64 bits */
export function integerOf(reply: Buffer): bigint | null {
  if (reply[0] !== INTEGER) return null;
  return readInteger(reply, 1, reply.length - LINE_END_BYTES);
}

/** @returns the body of a bulk reply */
export function bulkOf(reply: Buffer): Buffer | null {
  if (reply[0] !== DOLLAR || reply[1] === MINUS) return null;
  return reply.subarray(lineEnd(reply, 0) + LINE_END_BYTES, reply.length - LINE_END_BYTES);
}

/** @returns the text of a bulk or a status, one character per byte */
export function wordOf(reply: Buffer): string | null {
  if (reply[0] === STATUS) return reply.toString('latin1', 1, reply.length - LINE_END_BYTES);
  return bulkOf(reply)?.toString('latin1') ?? null;
}

/** Whether a complete reply is a status. */
export function isStatus(reply: Buffer): boolean {
  return reply[0] === STATUS;
}

/** @returns the reply as an error line when it is an error, also one in a bulk */
export function errorOf(reply: Buffer): Buffer | null {
  if (reply[0] === MINUS) return reply;
  if (reply[0] !== BULK_ERROR) return null;
  const text = reply.toString('latin1', lineEnd(reply, 0) + LINE_END_BYTES, reply.length - 2);
  return Buffer.from(`-${text.replace(/[\r\n]/g, ' ')}\r\n`, 'latin1');
}

/** `$-1`, `*-1` or RESP3's `_`. */
export function isNull(reply: Buffer): boolean {
  if (reply[0] === NULL) return true;
  return reply[1] === MINUS && (reply[0] === DOLLAR || reply[0] === STAR);
}
