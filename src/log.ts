import { closeSync, openSync, writeSync } from 'node:fs';

/** nutcracker's levels, 0 emerg to 11; lines up to the chosen level are written. */
export const LOG_ERROR = 3;
export const LOG_WARN = 4;
export const LOG_NOTICE = 5;
export const LOG_INFO = 6;

/** What a line of the log is about, for programs that read it. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Where lines go; one above its level is not written. */
export interface Log {
  level: number;
  write(level: number, message: string, fields?: LogFields): void;
}

function timestamp(): string {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  return `${date} ${time}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what clients send must not end a line
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;
/** JSON escapes those below 0x20 itself. */
const CONTROL_IN_JSON = /[\x7f-\x9f]/g;

function hexOf(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}

/**
 * Text of clients and servers made fit for a log or a terminal: what would end a line or steer the
 * terminal (ASCII's control characters and those from 0x80 to 0x9f) as `\xHH`.
 */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${hexOf(character, 2)}`);
}

/** JSON of the same value that can be shown on a terminal. */
export function visibleJson(json: string): string {
  return json.replace(CONTROL_IN_JSON, (character) => `\\u${hexOf(character, 4)}`);
}

/**
 * Writes lines `[time] message` to a file descriptor: standard error, or a file that is appended
 * to.
 */
export class FileLog implements Log {
  level: number;
  readonly #file: string | null;
  #fd: number;

  /**
   * @param file null or empty = standard error @throws the system's error when it cannot be opened
   */
  constructor(level: number, file: string | null) {
    this.level = level;
    this.#file = file === '' ? null : file;
    this.#fd = this.#file === null ? 2 : openSync(this.#file, 'a', 0o644);
  }

  write(level: number, message: string): void {
    if (level > this.level) return;
    try {
      writeSync(this.#fd, `[${timestamp()}] ${visible(message)}\n`);
    } catch {
      // A full disk or a reader that has gone must not end the proxy.
    }
  }

  /** Opens the file anew, after it was rotated. */
  reopen(): void {
    if (this.#file === null) return;
    const fd = openSync(this.#file, 'a', 0o644);
    closeSync(this.#fd);
    this.#fd = fd;
  }
}
