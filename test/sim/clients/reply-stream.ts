import type { Op } from '../cases/case.ts';

/** A reply as clients check it. */
export type Reply =
  | { readonly kind: 'status' | 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'bulk'; readonly bytes: Buffer }
  | { readonly kind: 'null' }
  | { readonly kind: 'array' | 'map' | 'push'; readonly items: readonly Reply[] };

/** `$-1\r\n` */
const LENGTH_OF_NIL = 5;

/** Takes the bytes that a client gets and gives its replies, RESP2 or 3. */
export class ReplyStream {
  #bytes: Buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #length = 0;
  #needed = 1;
  #at = 0;
  /** RESP version by which replies must be written; 0: either. */
  #resp: 0 | 2 | 3;
  /** What a nil at the beginning is in RESP2: of an array, or of a bulk. */
  #nil: '*' | '$' = '$';

  constructor(resp: 0 | 2 | 3 = 0) {
    this.#resp = resp;
  }

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Whether a reply has begun and is not complete. */
  get partial(): boolean {
    return this.#length > 0;
  }

  /**
   * @param op what is to be answered; HELLO is, in the version that it asks for, and so is the rest
   * @throws Error when what came is no reply, or is one of the other version
   */
  next(op?: Op): Reply | null {
    if (this.#length < this.#needed) return null;
    if (this.#chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
      this.#chunks = [];
    }
    if (this.#bytes.length === 0) return null;
    this.#at = 0;
    const before = this.#resp;
    if (op?.op === 'hello' && before !== 0) this.#resp = op.resp;
    this.#nil = op?.op === 'await' || op?.op === 'exec' ? '*' : '$';
    const reply = this.#parse();
    if (reply === null || reply.kind === 'error') this.#resp = before;
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
    if (type === '_' && line === '') return this.#isOf(3, type, { kind: 'null' });
    const size = /^(-1|\d+)$/.test(line) ? Number(line) : Number.NaN;
    if (type === '$' && size >= -1) return this.#bulk(size);
    if (type === '*' && size >= -1) return this.#items('array', size);
    if (type === '>' && size >= 0) return this.#isOf(3, type, this.#items('push', size));
    if (type === '%' && size >= 0) return this.#isOf(3, type, this.#items('map', size * 2));
    throw new Error(`no reply begins with ${JSON.stringify((type + line).slice(0, 60))}`);
  }

  #isOf(resp: 2 | 3, type: string, reply: Reply | null): Reply | null {
    if (this.#resp === 0 || this.#resp === resp) return reply;
    throw new Error(`gets ${type} of RESP${resp} on a connection of RESP${this.#resp}`);
  }

  /** A nil of RESP2. */
  #nothing(type: '*' | '$'): Reply | null {
    const isFirst = this.#at === LENGTH_OF_NIL;
    if (this.#resp === 2 && isFirst && type !== this.#nil) {
      throw new Error(`gets ${type}-1 for ${this.#nil}-1`);
    }
    return this.#isOf(2, `${type}-1`, { kind: 'null' });
  }

  #bulk(size: number): Reply | null {
    if (size < 0) return this.#nothing('$');
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
    if (count < 0) return this.#nothing('*');
    const items: Reply[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.#parse();
      if (item === null) return null;
      items.push(item);
    }
    return { kind, items };
  }
}
