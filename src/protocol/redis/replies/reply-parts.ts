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

/** @returns the position behind the reply that begins at `at` */
export function skipReply(reply: Buffer, at: number): number {
  let pos = at;
  for (let pending = 1; pending > 0; ) {
    const type = reply[pos];
    const end = lineEnd(reply, pos);
    const size = Number(reply.toString('latin1', pos + 1, end));
    pos = end + 2;
    if (type !== PIPE) pending--;
    if (BULKS.has(type)) pos += size < 0 ? 0 : size + 2;
    else if (AGGREGATES.has(type) && size > 0) pending += PAIRS.has(type) ? size * 2 : size;
  }
  return pos;
}

/** @returns the top-level elements of an aggregate reply; null when it is something else */
export function elementsOf(reply: Buffer): Buffer[] | null {
  const type = reply[0];
  if (!AGGREGATES.has(type)) return null;
  const end = lineEnd(reply, 0);
  const size = Number(reply.toString('latin1', 1, end)) * (PAIRS.has(type) ? 2 : 1);
  const elements: Buffer[] = [];
  let at = end + 2;
  for (let i = 0; i < size; i++) {
    const next = skipReply(reply, at);
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
