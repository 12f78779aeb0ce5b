import { valueBlock } from './reply-line.ts';

const LF = 0x0a;
const LINE_END_BYTES = 2;
const VALUE = 'VALUE ';

/**
 * Where the VALUE items of a complete reply end, the start of the first in front: item `i` is
 * [ends[i], ends[i + 1]). Behind the last item comes END or an error line.
 */
export function itemEnds(reply: Buffer): number[] {
  const ends = [0];
  for (let at = 0; reply.toString('latin1', at, at + VALUE.length) === VALUE; ) {
    const lineEnd = reply.indexOf(LF, at) + 1;
    const size = valueBlock(reply, at, lineEnd - LINE_END_BYTES);
    const end = lineEnd + size + LINE_END_BYTES;
    if (lineEnd === 0 || size < 0 || end > reply.length) break;
    at = end;
    ends.push(at);
  }
  return ends;
}
