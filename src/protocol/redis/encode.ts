/** @returns the words as a multibulk request */
export function encodeRequest(words: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    parts.push(Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** @returns a bulk reply */
export function bulkReply(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${body.length}\r\n`), body, Buffer.from('\r\n')]);
}
