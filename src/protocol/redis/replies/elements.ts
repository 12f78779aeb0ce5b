import { skipAttributes, skipReply } from './reply-parts.ts';

const CR = 0x0d;

/**
 * Where the elements of a complete, valid array reply lie, which may have attributes in front.
 * @returns count + 1 offsets: the first element's start, then each element's end
 */
export function elementEnds(reply: Buffer, count: number): Float64Array {
  const ends = new Float64Array(count + 1);
  let at = reply.indexOf(CR, skipAttributes(reply)) + 2;
  ends[0] = at;
  for (let i = 1; i <= count; i++) {
    at = skipReply(reply, at);
    ends[i] = at;
  }
  return ends;
}
