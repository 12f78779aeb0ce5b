// What the RESP scanners and splitters share: the bytes of RESP, and where a scan stopped.

import { CRLF } from './ascii';

// Where a partial frame stopped. A line is read again from its start, a body goes on at its end.
export const PHASE_START: u32 = 0;
export const PHASE_HEADER: u32 = 1; // request: in the line "*N"
export const PHASE_LINE: u32 = 2; // at or in a line "$N"; reply: at or in any element's header
export const PHASE_BODY: u32 = 3; // in a bulk
export const PHASE_HELD: u32 = 4; // request: in the command name or the key, wanted in one piece
export const PHASE_TEXT: u32 = 5; // in an inline request or a reply line

export const NO_WORD: u32 = 0xffffffff; // no word of this request is wanted any more
export const NULL_COUNT: u32 = 0xffffffff;

export const DOLLAR: u32 = 0x24;
export const STAR: u32 = 0x2a;
export const PERCENT: u32 = 0x25;
export const PIPE: u32 = 0x7c;
export const COLON: u32 = 0x3a;
export const PLUS: u32 = 0x2b;
export const MINUS: u32 = 0x2d;

/**
 * Bytes of the bulk that begins with the eight bytes `line`, from its type to the CRLF behind its
 * body; 0 when its length has not one to five digits. What is not in `line` is for the caller to
 * look at: whether it was received, and whether it ends with CRLF.
 */
export function bulkBytes(line: u64): u32 {
  const first = (<u32>(line >>> 8) & 0xff) - 0x30;
  if (first > 9) return 0;
  const low = <u32>(line >>> 16);
  if ((low & 0xffff) === CRLF) return first + 6;
  if (first === 0) return 0;
  let digit = (low & 0xff) - 0x30;
  if (digit > 9) return 0;
  let value = first * 10 + digit;
  if (((low >>> 8) & 0xffff) === CRLF) return value + 7;
  digit = ((low >>> 8) & 0xff) - 0x30;
  if (digit > 9) return 0;
  value = value * 10 + digit;
  if (low >>> 16 === CRLF) return value + 8;
  digit = ((low >>> 16) & 0xff) - 0x30;
  if (digit > 9) return 0;
  value = value * 10 + digit;
  const high = <u32>(line >>> 40);
  if ((high & 0xffff) === CRLF) return value + 9;
  digit = (high & 0xff) - 0x30;
  return digit <= 9 && high >>> 8 === CRLF ? value * 10 + digit + 10 : 0;
}

export function isLineType(type: u32): bool {
  // + - : _ , # (
  return (
    type === 0x2b ||
    type === 0x2d ||
    type === 0x3a ||
    type === 0x5f ||
    type === 0x2c ||
    type === 0x23 ||
    type === 0x28
  );
}

export function isBulkType(type: u32): bool {
  // $ ! =
  return type === DOLLAR || type === 0x21 || type === 0x3d;
}

export function isAggregateType(type: u32): bool {
  // * ~ % > |
  return type === STAR || type === 0x7e || type === 0x25 || type === 0x3e || type === PIPE;
}
