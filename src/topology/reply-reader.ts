import {
  SENTINEL_LINE_BYTES,
  SENTINEL_REPLY_BYTES,
  SENTINEL_REPLY_DEPTH,
  SENTINEL_WORD_BYTES,
} from '../limits.ts';

/** An error reply: its line without the `-`. */
export class ErrorReply {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A reply in RESP2. Texts have one character per byte; an integer is the text of it. */
export type Reply = string | null | ErrorReply | readonly Reply[];

/** Bytes of a word and of a whole reply. */
export interface ReplyLimits {
  readonly word: number;
  readonly reply: number;
}

const OF_SENTINELS: ReplyLimits = { word: SENTINEL_WORD_BYTES, reply: SENTINEL_REPLY_BYTES };

interface OpenArray {
  readonly elements: Reply[];
  left: number;
}

const CR = 0x0d;
const LF = 0x0a;
const NOTHING = Buffer.alloc(0);
const SIZE = /^(?:-1|\d{1,9})$/;

/**
 * Reads the replies of a sentinel, in pieces of any size. Each byte is looked at once; what is kept
 * of an unfinished reply is bounded. After a reply that is malformed or too large nothing is read.
 */
export class ReplyReader {
  readonly #onReply: (reply: Reply) => void;
  readonly #limits: ReplyLimits;
  /** Of an unfinished line. */
  #line: Buffer = NOTHING;
  /** An unfinished bulk, with its line end. */
  #bulk: Buffer | null = null;
  #bulkLength = 0;
  readonly #open: OpenArray[] = [];
  /** Of the reply at hand. */
  #bytes = 0;
  #broken = false;

  constructor(onReply: (reply: Reply) => void, limits: ReplyLimits = OF_SENTINELS) {
    this.#onReply = onReply;
    this.#limits = limits;
  }

  /** @returns false when the sentinel said what is no reply, or one that is too large */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length && !this.#broken) {
      at = this.#bulk === null ? this.#readLine(chunk, at) : this.#readBulk(this.#bulk, chunk, at);
      if (this.#bytes > this.#limits.reply) this.#broken = true;
    }
    return !this.#broken;
  }

  #readLine(chunk: Buffer, at: number): number {
    const lf = chunk.indexOf(LF, at);
    const end = lf < 0 ? chunk.length : lf + 1;
    if (this.#line.length + end - at > SENTINEL_LINE_BYTES) {
      this.#broken = true;
      return end;
    }
    const line = Buffer.concat([this.#line, chunk.subarray(at, end)]);
    this.#line = lf < 0 ? line : NOTHING;
    if (lf < 0) return end;
    this.#bytes += line.length;
    if (line.length < 3 || line[line.length - 2] !== CR) this.#broken = true;
    else this.#onLine(line.toString('latin1', 0, 1), line.toString('latin1', 1, line.length - 2));
    return end;
  }

  #onLine(type: string, text: string): void {
    if (type === '+' || type === ':') this.#onValue(text);
    else if (type === '-') this.#onValue(new ErrorReply(text));
    else if ((type !== '$' && type !== '*') || !SIZE.test(text)) this.#broken = true;
    else if (text === '-1') this.#onValue(null);
    else if (type === '$') this.#onBulk(Number(text));
    else this.#onArray(Number(text));
  }

  #onBulk(size: number): void {
    if (size > this.#limits.word) {
      this.#broken = true;
      return;
    }
    this.#bulk = Buffer.allocUnsafe(size + 2);
    this.#bulkLength = 0;
  }

  #onArray(size: number): void {
    // Each element has at least as many bytes as its shortest form.
    if (size * 3 > this.#limits.reply || this.#open.length === SENTINEL_REPLY_DEPTH) {
      this.#broken = true;
    } else if (size === 0) this.#onValue([]);
    else this.#open.push({ elements: [], left: size });
  }

  #readBulk(bulk: Buffer, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + bulk.length - this.#bulkLength);
    chunk.copy(bulk, this.#bulkLength, at, end);
    this.#bulkLength += end - at;
    if (this.#bulkLength < bulk.length) return end;
    this.#bulk = null;
    this.#bytes += bulk.length;
    if (bulk[bulk.length - 2] !== CR || bulk[bulk.length - 1] !== LF) this.#broken = true;
    else this.#onValue(bulk.toString('latin1', 0, bulk.length - 2));
    return end;
  }

  #onValue(value: Reply): void {
    let complete = value;
    for (;;) {
      const array = this.#open.at(-1);
      if (array === undefined) break;
      array.elements.push(complete);
      if (--array.left > 0) return;
      this.#open.pop();
      complete = array.elements;
    }
    this.#bytes = 0;
    this.#onReply(complete);
  }
}
