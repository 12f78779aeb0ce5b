// Where a reply ends, RESP2 or RESP3: shares nothing with src/, so that it can judge it.

/** @returns the position behind the reply at `at`, attributes in front included; -1 = incomplete */
export function replyEnd(bytes: Buffer, at = 0): number {
  let pos = at;
  for (let pending = 1; pending > 0; ) {
    const lineEnd = bytes.indexOf('\r\n', pos);
    if (lineEnd < 0) return -1;
    const type = String.fromCharCode(bytes[pos]);
    const size = Number(bytes.toString('latin1', pos + 1, lineEnd));
    pos = lineEnd + 2;
    if (type !== '|') pending--;
    if ('$=!'.includes(type)) {
      if (size >= 0) pos += size + 2;
      if (pos > bytes.length) return -1;
    } else if ('*~>%|'.includes(type)) {
      if (size > 0) pending += '%|'.includes(type) ? size * 2 : size;
    } else if (!'+-:_,#('.includes(type)) {
      throw new Error(`not a reply: ${JSON.stringify(bytes.toString('latin1', at, at + 40))}`);
    }
  }
  return pos;
}
