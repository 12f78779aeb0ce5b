// How a Redis server reads requests and writes replies. It shares nothing with src/, so that it can
// judge it.

const CRLF = '\r\n';

export function status(text: string): Buffer {
  return Buffer.from(`+${text}${CRLF}`, 'latin1');
}

export function failure(text: string): Buffer {
  return Buffer.from(`-${text}${CRLF}`, 'latin1');
}

export function integer(value: number | bigint): Buffer {
  return Buffer.from(`:${value}${CRLF}`);
}

export function bulk(bytes: Uint8Array | string): Buffer {
  const body = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return Buffer.concat([Buffer.from(`$${body.length}${CRLF}`), body, Buffer.from(CRLF)]);
}

export function array(items: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(`*${items.length}${CRLF}`), ...items]);
}

/** @param pairs names and values by turns: a map in RESP3, a list in RESP2 */
export function map(resp: number, pairs: readonly Buffer[]): Buffer {
  if (resp < 3) return array(pairs);
  return Buffer.concat([Buffer.from(`%${pairs.length / 2}${CRLF}`), ...pairs]);
}

/** What a server says unasked. */
export function push(resp: number, items: readonly Buffer[]): Buffer {
  const frame = array(items);
  if (resp >= 3) frame[0] = 0x3e;
  return frame;
}

/** No value. */
export function nothing(resp: number): Buffer {
  return Buffer.from(resp < 3 ? `$-1${CRLF}` : `_${CRLF}`);
}

/** No list of values. */
export function noArray(resp: number): Buffer {
  return Buffer.from(resp < 3 ? `*-1${CRLF}` : `_${CRLF}`);
}

/** What a stream of requests holds next. */
export type Parsed = { readonly words: Buffer[] } | { readonly error: string } | null;

/** Takes the bytes of one client and gives its requests. */
export class RequestStream {
  #bytes: Buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** Nothing can be complete before there are so many bytes. */
  #needed = 1;

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Whether a request has begun and is not complete. */
  get partial(): boolean {
    return this.#length > 0;
  }

  /** @returns null when no request is complete */
  next(): Parsed {
    if (this.#length < this.#needed) return null;
    if (this.#chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
      this.#chunks = [];
    }
    const bytes = this.#bytes;
    if (bytes.length === 0) return null;
    return bytes[0] === 0x2a ? this.#multiBulk(bytes) : this.#inline(bytes);
  }

  #taken(end: number): void {
    this.#bytes = this.#bytes.subarray(end);
    this.#length = this.#bytes.length;
    this.#needed = 1;
  }

  #inline(bytes: Buffer): Parsed {
    const end = bytes.indexOf('\n');
    if (end < 0) {
      this.#needed = bytes.length + 1;
      return null;
    }
    const words = bytes.toString('latin1', 0, end).trim().split(/\s+/).filter(Boolean);
    this.#taken(end + 1);
    return { words: words.map((word) => Buffer.from(word, 'latin1')) };
  }

  #multiBulk(bytes: Buffer): Parsed {
    let at = bytes.indexOf(CRLF);
    if (at < 0) return this.#more(bytes.length + 1);
    const count = Number(bytes.toString('latin1', 1, at));
    if (!Number.isInteger(count)) return { error: 'ERR Protocol error: invalid multibulk length' };
    at += 2;
    const words: Buffer[] = [];
    while (words.length < count) {
      const line = bytes.indexOf(CRLF, at);
      if (line < 0) return this.#more(bytes.length + 1);
      if (bytes[at] !== 0x24) {
        const got = String.fromCharCode(bytes[at]);
        return { error: `ERR Protocol error: expected '$', got '${got}'` };
      }
      const size = Number(bytes.toString('latin1', at + 1, line));
      if (!Number.isInteger(size) || size < 0) {
        return { error: 'ERR Protocol error: invalid bulk length' };
      }
      at = line + 2 + size + 2;
      if (bytes.length < at) return this.#more(at);
      words.push(Buffer.from(bytes.subarray(line + 2, line + 2 + size)));
    }
    this.#taken(at);
    return { words };
  }

  #more(needed: number): null {
    this.#needed = needed;
    return null;
  }
}
