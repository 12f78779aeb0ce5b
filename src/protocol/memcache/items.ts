const LF = 0x0a;
const VALUE = 'VALUE ';

/**
 * Where the VALUE items of a complete reply end, the start of the first in front: item `i` is
 * [ends[i], ends[i + 1]). Behind the last item comes END or an error line.
 */
export function itemEnds(reply: Buffer): number[] {
  const ends = [0];
  for (let at = 0; reply.toString('latin1', at, at + VALUE.length) === VALUE; ) {
    const lineEnd = reply.indexOf(LF, at) + 1;
    const words = reply.toString('latin1', at, lineEnd - 2).split(' ');
    at = lineEnd + Number(words[3]) + 2;
    ends.push(at);
  }
  return ends;
}
