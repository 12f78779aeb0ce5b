import { CHANNEL, type Kind, PATTERN, SHARD, SUBSCRIBE, UNSUBSCRIBE } from './kinds.ts';

/** Not what a subscribed connection is sent, or not in the form in which servers send it. */
export const BAD = 0;
export const STATUS = 1;
export const ERROR = 2;
/** The answer to PING of a connection that has subscriptions. */
export const PONG = 3;
export const SUBSCRIBED = 4;
export const UNSUBSCRIBED = 5;
export const MESSAGE = 6;

const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const PLUS = 0x2b;
const MINUS = 0x2d;
const STAR = 0x2a;
const DOLLAR = 0x24;
const COLON = 0x3a;
/** A length has at most so many digits: no frame is larger than this. */
const DIGITS = 9;

/** What channels begin with on which cuts are marked: see ../moves/marker.ts. */
export const CUT_CHANNEL = '__ringway:cut:';
const CUT_BYTES = Buffer.from(CUT_CHANNEL);

/** Whether the name at [start, end) is one of those. */
export function isChannelOfCuts(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + CUT_BYTES.length > end) return false;
  for (let i = 0; i < CUT_BYTES.length; i++) if (bytes[start + i] !== CUT_BYTES[i]) return false;
  return true;
}

interface Form {
  readonly word: Buffer;
  /** Elements of the frame. */
  readonly size: number;
  readonly type: number;
  readonly kind: Kind;
}

function form(word: string, size: number, type: number, kind: Kind): Form {
  return { word: Buffer.from(word), size, type, kind };
}

const KINDS: readonly Kind[] = [CHANNEL, PATTERN, SHARD];
const FORMS: readonly Form[] = [
  form('message', 3, MESSAGE, CHANNEL),
  form('pmessage', 4, MESSAGE, PATTERN),
  form('smessage', 3, MESSAGE, SHARD),
  ...KINDS.map((kind) => form(SUBSCRIBE[kind].toLowerCase(), 3, SUBSCRIBED, kind)),
  ...KINDS.map((kind) => form(UNSUBSCRIBE[kind].toLowerCase(), 3, UNSUBSCRIBED, kind)),
  form('pong', 2, PONG, CHANNEL),
];

/**
 * One RESP2 frame of a subscribed connection. Only the bytes that servers themselves write are
 * taken, so that a message can be passed on as it came.
 */
export class Frame {
  type = BAD;
  kind: Kind = CHANNEL;
  /** Where the channel is, or the pattern that a message has met. */
  nameStart = 0;
  nameEnd = 0;
  /** Of a message that has met a pattern: where its channel begins. */
  channelStart = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Reads the frame at [start, end) of `bytes`, all of it. @returns its type */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.type = this.#read();
    return this.type;
  }

  #read(): number {
    const first = this.#bytes[this.#at];
    if (first === PLUS) return STATUS;
    if (first === MINUS) return ERROR;
    if (first !== STAR) return BAD;
    const size = this.#length(STAR);
    const form = this.#form(size);
    if (form === undefined) return BAD;
    this.kind = form.kind;
    const length = this.#length(DOLLAR);
    this.nameStart = this.#at;
    if (length < 0 || !this.#skip(length)) return BAD;
    this.nameEnd = this.nameStart + length;
    if (form.type === PONG) return this.#at === this.#end ? PONG : BAD;
    if (form.type !== MESSAGE) return this.#isCount() ? form.type : BAD;
    for (let i = 2; i < size; i++) {
      const rest = this.#length(DOLLAR);
      if (i === 2) this.channelStart = this.#at;
      if (!this.#skip(rest)) return BAD;
    }
    return this.#at === this.#end ? MESSAGE : BAD;
  }

  /** A line of `type` and a number without a sign. @returns the number, -1 for another line */
  #length(type: number): number {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== type) return -1;
    const from = this.#at + 1;
    let at = from;
    let value = 0;
    for (; at < this.#end && bytes[at] >= ZERO && bytes[at] <= NINE; at++) {
      if (at - from === DIGITS) return -1;
      value = value * 10 + (bytes[at] - ZERO);
    }
    const padded = bytes[from] === ZERO && at > from + 1;
    if (at === from || padded || at + 2 > this.#end) return -1;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
    this.#at = at + 2;
    return value;
  }

  /** The rest of a bulk. @param length -1 = there is none */
  #skip(length: number): boolean {
    const end = this.#at + length;
    if (length < 0 || end + 2 > this.#end) return false;
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) return false;
    this.#at = end + 2;
    return true;
  }

  #form(size: number): Form | undefined {
    const length = this.#length(DOLLAR);
    const start = this.#at;
    if (!this.#skip(length)) return undefined;
    return FORMS.find(
      ({ word, size: wanted }) =>
        wanted === size && word.length === length && this.#is(word, start),
    );
  }

  #is(word: Uint8Array, start: number): boolean {
    for (let i = 0; i < word.length; i++) if (this.#bytes[start + i] !== word[i]) return false;
    return true;
  }

  #isCount(): boolean {
    return this.#length(COLON) >= 0 && this.#at === this.#end;
  }
}
