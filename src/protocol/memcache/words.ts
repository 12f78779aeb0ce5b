const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/**
 * The words of a request line, which ends at LF, CR LF or the end of `bytes`. Only blanks part
 * them.
 */
export function wordsOf(bytes: Buffer): string[] {
  let end = bytes.indexOf(LF);
  if (end < 0) end = bytes.length;
  else if (end > 0 && bytes[end - 1] === CR) end--;
  const words: string[] = [];
  for (let at = 0; at < end; ) {
    if (bytes[at] === BLANK) {
      at++;
      continue;
    }
    let stop = at + 1;
    while (stop < end && bytes[stop] !== BLANK) stop++;
    words.push(bytes.toString('latin1', at, stop));
    at = stop;
  }
  return words;
}
