const CR = 0x0d;
const DOLLAR = 0x24;

/**
 * Where the elements of a complete, valid array reply of bulks, nulls and lines lie.
 * @returns count + 1 offsets: the first element's start, then each element's end
 */
export function elementEnds(reply: Buffer, count: number): Float64Array {
  const ends = new Float64Array(count + 1);
  let at = reply.indexOf(CR) + 2;
  ends[0] = at;
  for (let i = 1; i <= count; i++) {
    const lineEnd = reply.indexOf('\r\n', at, 'latin1');
    let end = lineEnd + 2;
    if (reply[at] === DOLLAR) {
      const length = Number(reply.toString('latin1', at + 1, lineEnd));
      if (length >= 0) end += length + 2;
    }
    ends[i] = end;
    at = end;
  }
  return ends;
}
