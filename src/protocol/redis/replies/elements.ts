import { skipAttributes, skipReply } from './reply-parts.ts';

const CR = 0x0d;
const DOLLAR = 0x24;

/**
 * Where the top-level elements of a complete array reply lie.
 * @returns count + 1 offsets: the first element's start, then each element's end; null when the
 * reply does not consist of so many elements
 */
export function elementEnds(reply: Buffer, count: number): Float64Array | null {
  const head = skipAttributes(reply);
  const headEnd = Number.isNaN(head) ? -1 : reply.indexOf(CR, head);
  if (headEnd < 0) return null;
  const ends = new Float64Array(count + 1);
  let at = headEnd + 2;
  ends[0] = at;
  for (let i = 1; i <= count; i++) {
    at = reply[at] === DOLLAR ? bulkEnd(reply, at) : skipReply(reply, at);
    if (!(at <= reply.length)) return null;
    ends[i] = at;
  }
  return at === reply.length ? ends : null;
}

function bulkEnd(reply: Buffer, at: number): number {
  const lineEnd = reply.indexOf(CR, at);
  if (lineEnd < 0) return Number.NaN;
  const length = Number(reply.toString('latin1', at + 1, lineEnd));
  return lineEnd + 2 + (length < 0 ? 0 : length + 2);
}
