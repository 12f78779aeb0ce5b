/** A reply as clients check it. */
export type Reply =
  | { readonly kind: 'status' | 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'bulk'; readonly bytes: Buffer }
  | { readonly kind: 'null' }
  | { readonly kind: 'array' | 'map' | 'push'; readonly items: readonly Reply[] };

/** Takes the bytes that a client gets and gives its replies, RESP2 or 3. */
export class ReplyStream {
  #bytes: Buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #length = 0;
  #needed = 1;
  #at = 0;

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Whether a reply has begun and is not complete. */
  get partial(): boolean {
    return this.#length > 0;
  }

  /** @throws Error when what came is no reply */
  next(): Reply | null {
    if (this.#length < this.#needed) return null;
    if (this.#chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
      this.#chunks = [];
    }
    if (this.#bytes.length === 0) return null;
    this.#at = 0;
    const reply = this.#parse();
    if (reply === null) return null;
    this.#bytes = this.#bytes.subarray(this.#at);
    this.#length = this.#bytes.length;
    this.#needed = 1;
    return reply;
  }

  #parse(): Reply | null {
    const bytes = this.#bytes;
    const end = bytes.indexOf('\r\n', this.#at);
    if (end < 0) {
      this.#needed = bytes.length + 1;
      return null;
    }
    const type = String.fromCharCode(bytes[this.#at]);
    const line = bytes.toString('latin1', this.#at + 1, end);
    this.#at = end + 2;
    if (type === '+') return { kind: 'status', text: line };
    if (type === '-') return { kind: 'error', text: line };
    if (type === ':' && /^-?\d+$/.test(line)) return { kind: 'integer', value: Number(line) };
    if (type === '_' && line === '') return { kind: 'null' };
    const size = /^(-1|\d+)$/.test(line) ? Number(line) : Number.NaN;
    if (type === '$' && size >= -1) return this.#bulk(size);
    if (type === '*' && size >= -1) return this.#items('array', size);
    if (type === '>' && size >= 0) return this.#items('push', size);
    if (type === '%' && size >= 0) return this.#items('map', size * 2);
    throw new Error(`no reply begins with ${JSON.stringify((type + line).slice(0, 60))}`);
  }

  #bulk(size: number): Reply | null {
    if (size < 0) return { kind: 'null' };
    const end = this.#at + size;
    if (this.#bytes.length < end + 2) {
      this.#needed = end + 2;
      return null;
    }
    if (this.#bytes[end] !== 13 || this.#bytes[end + 1] !== 10) {
      throw new Error(`a bulk of ${size} bytes does not end where it should`);
    }
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end + 2;
    return { kind: 'bulk', bytes: Buffer.from(bytes) };
  }

  #items(kind: 'array' | 'map' | 'push', count: number): Reply | null {
    if (count < 0) return { kind: 'null' };
    const items: Reply[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.#parse();
      if (item === null) return null;
      items.push(item);
    }
    return { kind, items };
  }
}
