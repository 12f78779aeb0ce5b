// Reads complete replies, RESP2 or RESP3, that commands of all servers are joined from.

const CR = 0x0d;
const ERROR = 0x2d; // '-'
const PIPE = 0x7c; // '|'

const BULKS: ReadonlySet<number> = new Set(Buffer.from('$=!'));
const AGGREGATES: ReadonlySet<number> = new Set(Buffer.from('*~>%|'));
const PAIRS: ReadonlySet<number> = new Set(Buffer.from('%|'));

function lineEnd(reply: Buffer, at: number): number {
  return reply.indexOf('\r\n', at, 'latin1');
}

/** @returns the number in the header line at `at`, whose CR is at `end` */
function sizeAt(reply: Buffer, at: number, end: number): number {
  return Number(reply.toString('latin1', at + 1, end));
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
    const size = sizeAt(reply, pos, end);
    pos = end + 2;
    if (type !== PIPE) pending--;
    if (BULKS.has(type)) pos += size < 0 ? 0 : size + 2;
    else if (AGGREGATES.has(type) && size > 0) pending += PAIRS.has(type) ? size * 2 : size;
  }
  return pos <= reply.length ? pos : Number.NaN;
}

/** @returns the position behind the reply that begins at `at`; NaN when it does not end */
export function skipReply(reply: Buffer, at: number): number {
  return skipReplies(reply, at, 1);
}

/** @returns the position of the reply itself, behind its attributes; NaN when they do not end */
export function skipAttributes(reply: Buffer): number {
  let at = 0;
  while (reply[at] === PIPE) {
    const end = lineEnd(reply, at);
    at = end < 0 ? Number.NaN : skipReplies(reply, end + 2, sizeAt(reply, at, end) * 2);
  }
  return at;
}

/** @returns the top-level elements of an aggregate reply; null when it is something else */
export function elementsOf(reply: Buffer): Buffer[] | null {
  const head = skipAttributes(reply);
  const type = reply[head];
  if (!AGGREGATES.has(type)) return null;
  const end = lineEnd(reply, head);
  if (end < 0) return null;
  const size = sizeAt(reply, head, end) * (PAIRS.has(type) ? 2 : 1);
  const elements: Buffer[] = [];
  let at = end + 2;
  for (let i = 0; i < size; i++) {
    const next = skipReply(reply, at);
    if (Number.isNaN(next)) return null;
    elements.push(reply.subarray(at, next));
    at = next;
  }
  return elements;
}

/** @returns the text of a bulk, status or number reply */
export function textOf(reply: Buffer): string {
  const end = reply.indexOf(CR);
  if (!BULKS.has(reply[0])) return reply.toString('latin1', 1, end);
  return reply.toString('latin1', end + 2, reply.length - 2);
}

/** @returns what an integer reply counts; null for any other, and for more than can be counted */
export function countOf(reply: Buffer): number | null {
  const counted = /^:([0-9]{1,15})\r\n$/.exec(reply.toString('latin1', skipAttributes(reply)));
  return counted === null ? null : Number(counted[1]);
}

/** @returns the body of a bulk reply */
export function bodyOf(reply: Buffer): Buffer {
  return reply.subarray(reply.indexOf(CR) + 2, reply.length - 2);
}

export function isError(reply: Buffer): boolean {
  return reply[0] === ERROR;
}

/** `$-1`, `*-1` or RESP3's `_`. */
export function isNull(reply: Buffer): boolean {
  return reply[0] === 0x5f || (reply[1] === ERROR && (reply[0] === 0x24 || reply[0] === 0x2a));
}
