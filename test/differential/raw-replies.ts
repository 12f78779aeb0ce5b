const BULKS = '$=!';
const AGGREGATES = '*~>%|';
const PAIRS = '%|';

/** End of the reply that begins at `at`; -1 when it is not complete. */
function endOf(bytes: Buffer, at: number): number {
  let pos = at;
  for (let pending = 1; pending > 0; ) {
    const lineEnd = bytes.indexOf('\r\n', pos);
    if (lineEnd < 0) return -1;
    const type = String.fromCharCode(bytes[pos]);
    const size = Number(bytes.toString('latin1', pos + 1, lineEnd));
    pos = lineEnd + 2;
    if (type !== '|') pending--;
    if (BULKS.includes(type) && size >= 0) pos += size + 2;
    if (AGGREGATES.includes(type) && size > 0) pending += PAIRS.includes(type) ? size * 2 : size;
    if (pos > bytes.length) return -1;
  }
  return pos;
}

/** The complete replies, RESP2 or RESP3, each as latin1 text. */
export function repliesOf(bytes: Buffer): string[] {
  const replies: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = endOf(bytes, at);
    if (end < 0) break;
    replies.push(bytes.toString('latin1', at, end));
    at = end;
  }
  return replies;
}
