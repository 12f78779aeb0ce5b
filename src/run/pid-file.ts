import { closeSync, openSync, readSync, unlinkSync, writeFileSync } from 'node:fs';
import { RingwayError } from '../errors.ts';
import { PID_FILE_BYTES } from '../limits.ts';
import { type FileId, fileIdAt } from '../net/socket-file.ts';

/**
 * The pid file, as nutcracker writes it: the number alone, over whatever was there, and left behind
 * at a good end. A failed start leaves things as they were before.
 */
export class PidFile {
  readonly #path: string;
  readonly #pid: number;
  /** What another process that runs had written. */
  #before: string | null = null;
  #written: FileId | null = null;

  constructor(path: string, pid: number = process.pid) {
    this.#path = path;
    this.#pid = pid;
  }

  /** @throws RingwayError */
  write(): void {
    const before = contentOf(this.#path);
    if (before !== null && runs(before)) this.#before = before;
    try {
      writeFileSync(this.#path, String(this.#pid), { mode: 0o644 });
    } catch (error) {
      const reason = (error as Error).message;
      throw new RingwayError(
        'RINGWAY_STARTUP',
        `writing pid file '${this.#path}' failed: ${reason}`,
      );
    }
    this.#written = fileIdAt(this.#path);
  }

  /** Nothing has come of it: whoever had the file has it again, and what others wrote stays. */
  undo(): void {
    const isOurs = this.#written !== null && fileIdAt(this.#path) === this.#written;
    if (!isOurs || contentOf(this.#path) !== String(this.#pid)) return;
    try {
      if (this.#before === null) unlinkSync(this.#path);
      else writeFileSync(this.#path, this.#before);
    } catch {
      // It was ours to write a moment ago; what has become of it is not ours to mend.
    }
  }
}

function contentOf(path: string): string | null {
  try {
    const fd = openSync(path, 'r');
    const bytes = Buffer.alloc(PID_FILE_BYTES);
    try {
      return bytes.toString('latin1', 0, readSync(fd, bytes, 0, PID_FILE_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null; // not there, or not to be read
  }
}

function runs(content: string): boolean {
  if (!/^[1-9][0-9]{0,9}\s*$/.test(content)) return false;
  try {
    process.kill(Number(content), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
