const LF = 0x0a;
const BULKS: ReadonlySet<number> = new Set(Buffer.from('$=!'));
const LISTS: ReadonlySet<number> = new Set(Buffer.from('*~>'));
const PAIRS: ReadonlySet<number> = new Set(Buffer.from('%'));

/** @returns how many of the bytes are the first reply of a Redis; -1 = it is not complete */
export function replyEnd(bytes: Buffer): number {
  let at = 0;
  for (let left = 1; left > 0; left--) {
    const end = bytes.indexOf(LF, at);
    if (end < 0) return -1;
    const type = bytes[at];
    const size = Number(bytes.toString('latin1', at + 1, end).trim());
    at = end + 1;
    if (!Number.isInteger(size) || size < 0) continue;
    if (BULKS.has(type)) at += size + 2;
    else if (LISTS.has(type)) left += size;
    else if (PAIRS.has(type)) left += 2 * size;
    if (at > bytes.length) return -1;
  }
  return at;
}

/** The same for a memcached: up to the line that ends its answer. */
export function lineEnd(bytes: Buffer): number {
  for (let at = 0; ; ) {
    const end = bytes.indexOf(LF, at);
    if (end < 0) return -1;
    if (bytes.toString('latin1', at, Math.min(at + 5, end)) !== 'STAT ') return end + 1;
    at = end + 1;
  }
}
