import { KEPT_REPLIES, REPLY_TEXT_BYTES } from '../limits.ts';

const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;

/**
 * One line of a reply that holds text of clients, servers or the configuration: line ends in it
 * become blanks, as in Redis, because what follows them would be taken for the next reply.
 * @param text latin1, without the line end
 */
export function line(text: string): Buffer {
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  // Looked for in the bytes: in latin1, characters beyond 0xff become line ends too.
  for (let i = bytes.length - 3; i >= 0; i--) {
    if (bytes[i] === CR || bytes[i] === LF) bytes[i] = BLANK;
  }
  return bytes;
}

/**
 * Error replies by their text, made once: a server that is down is the reason for many. Texts are
 * chosen by servers too, so there are only so many, and none is longer than `REPLY_TEXT_BYTES`.
 */
export class KeptReplies {
  readonly #prefix: string;
  readonly #replies: Map<string, Buffer> = new Map();

  /** @param prefix what stands in front of each text */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get size(): number {
    return this.#replies.size;
  }

  get(text: string): Buffer {
    const cut = text.slice(0, REPLY_TEXT_BYTES);
    let reply = this.#replies.get(cut);
    if (reply === undefined) {
      reply = line(this.#prefix + cut);
      if (this.#replies.size === KEPT_REPLIES) this.#replies.clear();
      this.#replies.set(cut, reply);
    }
    return reply;
  }
}
