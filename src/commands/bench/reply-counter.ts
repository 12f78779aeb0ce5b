const LF = 0x0a;
const CR = 0x0d;
const BULK = 0x24; // '$'
const ERROR = 0x2d; // '-'
/** A longer line is no reply that this load can have. */
const LINE_BYTES = 64 * 1024;
const VALUE = 'VALUE ';

/** Finds where replies end, in whatever pieces they come. */
export interface ReplyCounter {
  /** @param onReply called for each reply that is complete @throws what is no reply */
  take(bytes: Buffer, onReply: (isError: boolean) => void): void;
}

/** Lines, and blocks of bytes of a known length between them. */
abstract class LineCounter implements ReplyCounter {
  /** The begin of a line whose end has not come. */
  #line = '';
  #skip = 0;

  take(bytes: Buffer, onReply: (isError: boolean) => void): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#skip > 0) {
        const size = Math.min(this.#skip, bytes.length - at);
        this.#skip -= size;
        at += size;
        if (this.#skip === 0 && this.endsWithBlock) onReply(false);
        continue;
      }
      const end = bytes.indexOf(LF, at);
      const stop = end < 0 ? bytes.length : end;
      this.#line += bytes.toString('latin1', at, stop);
      if (this.#line.length > LINE_BYTES) throw new Error('the reply is no reply to this load');
      if (end < 0) return;
      at = end + 1;
      const line =
        this.#line.charCodeAt(this.#line.length - 1) === CR ? this.#line.slice(0, -1) : this.#line;
      this.#line = '';
      this.#skip = this.onLine(line, onReply);
    }
  }

  /** Whether a reply is complete behind a block. */
  protected abstract readonly endsWithBlock: boolean;
  /** @returns bytes of the block that follows the line; 0 = none does */
  protected abstract onLine(line: string, onReply: (isError: boolean) => void): number;
}

class RedisCounter extends LineCounter {
  protected readonly endsWithBlock = true;

  protected onLine(line: string, onReply: (isError: boolean) => void): number {
    const type = line.charCodeAt(0);
    if (type === BULK && line !== '$-1') {
      const length = Number(line.slice(1));
      if (!Number.isInteger(length) || length < 0)
        throw new Error(`not a reply: ${line.slice(0, 80)}`);
      return length + 2;
    }
    if (!'+-:$'.includes(line[0] ?? ' ')) throw new Error(`not a reply: ${line.slice(0, 80)}`);
    onReply(type === ERROR);
    return 0;
  }
}

const ERRORS = /^(ERROR|CLIENT_ERROR|SERVER_ERROR)/;

class MemcachedCounter extends LineCounter {
  protected readonly endsWithBlock = false;

  protected onLine(line: string, onReply: (isError: boolean) => void): number {
    if (line.startsWith(VALUE)) {
      const length = Number(line.split(' ')[3]);
      if (!Number.isInteger(length) || length < 0)
        throw new Error(`not a reply: ${line.slice(0, 80)}`);
      return length + 2;
    }
    onReply(ERRORS.test(line));
    return 0;
  }
}

/** @param isRedis else the replies are those of a memcached */
export function replyCounter(isRedis: boolean): ReplyCounter {
  return isRedis ? new RedisCounter() : new MemcachedCounter();
}
