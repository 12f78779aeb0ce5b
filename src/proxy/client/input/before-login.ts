import {
  INITIAL_PIPELINE_WINDOW,
  LOGIN_OUTPUT_BYTES,
  LOGIN_REQUEST_BYTES,
} from '../../../limits.ts';
import {
  ERROR_INLINE_TOO_LONG,
  FLAG_INLINE,
  LIMIT_INLINE_BYTES,
  NO_COMMAND,
} from '../../../protocol/frame-table.ts';
import type { Engine, SavedState } from '../../engine/engine.ts';
import {
  infoOf,
  isNamed,
  keepOf,
  missingBytes,
  scannedBytes,
  swallow,
} from '../../engine/saved-scan.ts';
import type { ClientProtocol } from '../protocol.ts';
import { type HttpSpeaker, isHttpWord, refuseHttp } from './http-guard.ts';
import { LargeRequest, type LargeRequester } from './large-request.ts';
import { type Offender, refuseMalformed } from './malformed-request.ts';

// Of a client that has not logged in nothing is kept but a request that may log it in. All others
// are swallowed as they come, and get one answer each.

/** A client, as long as it has not logged in. */
export interface Stranger extends LargeRequester, HttpSpeaker, Offender {
  readonly authenticated: boolean;
  readonly window: { readonly size: number };
}

/** What a client hears that has to log in first: Redis's words where there are users. */
export function refusalOf({ protocol, pool }: LargeRequester): Buffer {
  const { refusal, refusalWithUsers } = protocol.login;
  return pool.config.users === null ? refusal : refusalWithUsers;
}

/** A first word that is longer is none of those that may come first. */
const LONGEST_WORD = 16;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** Where the first word of a line begins; `end` when there are only blanks. */
function wordStart({ bytes }: Engine, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

/** The first word of the line at [start, end), in upper case; cut when it is a long one. */
function firstWord(engine: Engine, start: number, end: number): string {
  const from = wordStart(engine, start, end);
  const text = engine.memory.toString('latin1', from, Math.min(end, from + LONGEST_WORD));
  return (/^[^ \t\r\n]*/.exec(text) as RegExpExecArray)[0].toUpperCase();
}

/** Whether a line may log a client in; one whose first word is quoted is looked at later. */
function isOpenWord({ login }: ClientProtocol, word: string): boolean {
  return login.words.has(word) || /["']/.test(word);
}

/**
 * Looks at one complete request of a client that has not logged in.
 * @returns true when it was answered; false when it is one of those that may come first
 */
export function refusedBeforeLogin(
  client: Stranger,
  start: number,
  length: number,
  info: number,
): boolean {
  const { protocol } = client;
  let open = protocol.login.isOpen(info & NO_COMMAND);
  if ((info & FLAG_INLINE) !== 0) {
    const word = firstWord(client.pool.engine, start, start + length);
    if (isHttpWord(word)) return refuseHttp(client);
    open = isOpenWord(protocol, word);
  }
  if (open && length <= LOGIN_REQUEST_BYTES) return false;
  client.answer(refusalOf(client));
  return true;
}

/** Requests that a client may send: before it has logged in few. */
export function creditOf({ authenticated, pipeline, window }: Stranger): number {
  if (authenticated) return window.size - pipeline.outstanding;
  if (pipeline.undeliveredBytes > LOGIN_OUTPUT_BYTES) return 0;
  return Math.min(window.size, INITIAL_PIPELINE_WINDOW) - pipeline.outstanding;
}

/** Whether the unfinished multibulk request of `seen` bytes so far may become a login. */
function mayLogIn({ login }: ClientProtocol, saved: SavedState, seen: number): boolean {
  // Without its name it has a hundred bytes at most.
  if (!isNamed(saved)) return true;
  if (!login.isOpen(infoOf(saved) & NO_COMMAND)) return false;
  return Math.max(seen, scannedBytes(saved) + missingBytes(saved)) <= LOGIN_REQUEST_BYTES;
}

/** The scanner goes on without the request's earlier bytes, and wants none of it in one piece. */
export function swallowRequest(client: Stranger, saved: SavedState): LargeRequest {
  swallow(saved);
  const large = new LargeRequest(client.pool.engine, client, 0);
  large.discard(refusalOf(client));
  return large;
}

/** An unfinished line of a client that has not logged in. */
export class SwallowedLine {
  readonly #client: Stranger;
  /** Bytes so far of the line that is being swallowed. */
  length = 0;

  constructor(client: Stranger) {
    this.#client = client;
  }

  /**
   * The request at [start, end) is not complete. @returns where the bytes begin that are kept of
   * it; `end` for a line that is swallowed from here on, or when the client is refused; -1 for
   * another request that must be swallowed
   */
  keep(saved: SavedState, start: number, end: number): number {
    if ((infoOf(saved) & FLAG_INLINE) === 0) {
      return mayLogIn(this.#client.protocol, saved, end - start) ? start : -1;
    }
    const from = this.#begin(start, end);
    keepOf(saved, end - from);
    return from;
  }

  #begin(start: number, end: number): number {
    const client = this.#client;
    const { engine } = client.pool;
    const { bytes } = engine;
    const from = wordStart(engine, start, end);
    const small = end - start <= LOGIN_REQUEST_BYTES;
    // Blanks alone are no request, however many; the last are enough to go on with.
    if (from + (bytes[from] === CR ? 1 : 0) >= end) return small ? start : end - 2;
    const word = firstWord(engine, from, end);
    if (isHttpWord(word)) {
      refuseHttp(client);
      return end;
    }
    const cut = word.length < LONGEST_WORD && from + word.length === end;
    if (small && (cut || isOpenWord(client.protocol, word))) return start;
    this.length = end - start;
    return end;
  }

  /** Swallows [start, end). @returns the address behind the line; `end` when there may be more */
  goOn(start: number, end: number): number {
    const client = this.#client;
    const { engine, config } = client.pool;
    const at = engine.memory.subarray(start, end).indexOf(LF);
    this.length += at < 0 ? end - start : at;
    if (this.length > (config.maxInline || LIMIT_INLINE_BYTES)) {
      refuseMalformed(client, ERROR_INLINE_TOO_LONG, 0, 0);
      return end;
    }
    if (at < 0) return end;
    this.length = 0;
    client.answer(refusalOf(client));
    return start + at + 1;
  }
}
