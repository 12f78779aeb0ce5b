/** @returns the words as a multibulk request */
export function encodeRequest(words: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    parts.push(Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** @returns the words, each as latin1 text, as a multibulk request */
export function encodeText(...words: string[]): Buffer {
  return encodeRequest(words.map((word) => Buffer.from(word, 'latin1')));
}

/** @returns a bulk reply */
export function bulkReply(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${body.length}\r\n`), body, Buffer.from('\r\n')]);
}

/** @returns a bulk reply of latin1 text */
export function bulkText(body: string): Buffer {
  return bulkReply(Buffer.from(body, 'latin1'));
}

/** `:<value>`. */
export function integerReply(value: number | bigint): Buffer {
  return Buffer.from(`:${value}\r\n`);
}

/** Text for people: a verbatim string in RESP3, else a bulk. */
export function verbatimReply(body: string, resp: 2 | 3): Buffer {
  if (resp === 2) return bulkReply(Buffer.from(body));
  const bytes = Buffer.from(`txt:${body}`);
  return Buffer.concat([Buffer.from(`=${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** As verbatimReply(), of a body that is in pieces already, latin1. */
export function verbatimPieces(body: readonly Buffer[], resp: 2 | 3): Buffer[] {
  const bytes = body.reduce((sum, piece) => sum + piece.length, 0);
  const head = resp === 2 ? `$${bytes}\r\n` : `=${bytes + 4}\r\ntxt:`;
  return [Buffer.from(head), ...body, Buffer.from('\r\n')];
}

/** A null: of its own kind in RESP3, else a null bulk. */
export function nullReply(resp: 2 | 3): Buffer {
  return Buffer.from(resp === 2 ? '$-1\r\n' : '_\r\n');
}

/** What EXEC answers when a watched key has changed. */
export function nilArray(resp: 2 | 3): Buffer {
  return Buffer.from(resp === 2 ? '*-1\r\n' : '_\r\n');
}

/** What HELP answers: a status per line. */
export function helpReply(lines: readonly string[]): Buffer {
  return arrayReply(lines.map((line) => Buffer.from(`+${line}\r\n`)));
}

/** An array. @param elements complete replies */
export function arrayReply(elements: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`*${elements.length}\r\n`), ...elements]);
}

/** A map in RESP3, else an array of keys and values in turn. */
export function mapReply(pairs: readonly [key: Buffer, value: Buffer][], resp: 2 | 3): Buffer {
  const head = resp === 2 ? `*${pairs.length * 2}\r\n` : `%${pairs.length}\r\n`;
  return Buffer.concat([Buffer.from(head), ...pairs.flat()]);
}

/** A set in RESP3, else an array. @param elements complete replies */
export function setReply(elements: readonly Buffer[], resp: 2 | 3): Buffer {
  return Buffer.concat([
    Buffer.from(`${resp === 2 ? '*' : '~'}${elements.length}\r\n`),
    ...elements,
  ]);
}

/** A double in RESP3, else its text. */
export function doubleReply(value: number, resp: 2 | 3): Buffer {
  return resp === 2 ? bulkText(String(value)) : Buffer.from(`,${value}\r\n`);
}
