import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  AUDIT_BUFFER_BYTES,
  AUDIT_FLUSH_MS,
  AUDIT_LOG_INTERVAL_MS,
  AUDIT_STOP_MS,
} from '../../../limits.ts';
import { LOG_WARN } from '../../../log.ts';
import { AUDIT_LOST } from '../../../stats/counters.ts';
import { millis, wallTime } from '../../engine/clock.ts';
import type { Timed } from '../../engine/deadlines.ts';
import type { Engine } from '../../engine/engine.ts';
import { SparingOfEach } from '../../engine/sparing.ts';
import type { Pool } from '../../pool/pool.ts';

/** Who may read it besides its owner: a group. */
const MODE = 0o640;
/**
 * A pipe that nobody reads is an error: to wait for its reader would take one of the few threads
 * that Node has for files and names.
 */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const LF = 0x0a;

const telling = new SparingOfEach(AUDIT_LOG_INTERVAL_MS);
/** What is being written, by process. */
const writing: WeakMap<Engine, Set<Promise<void>>> = new WeakMap();

/** Where an audit log is, and how much of it is kept. */
export interface AuditPlace {
  readonly path: string;
  /** Bytes after which a new file is begun; 0 = never. */
  readonly size: number;
  /** Earlier files that are kept. */
  readonly kept: number;
}

/**
 * The end of a file that grows by whole lines. They are collected, and written while nobody waits;
 * it is opened for each write, so that whoever moves it away gets a new one. When the disk is
 * slower than the lines come, some are left out, and a line says how many.
 */
export class AuditFile implements Timed {
  readonly #pool: Pool;
  place: AuditPlace;
  #lines: string[] = [];
  #bytes = 0;
  #lost = 0;
  #busy = false;
  /** The file (inode) in which only the beginning of the last line has found room; 0 = none. */
  #torn = 0;
  #due = 0;
  timerAt = 0;

  constructor(pool: Pool, place: AuditPlace) {
    this.#pool = pool;
    this.place = place;
  }

  /** @param line without its end */
  add(line: string): void {
    const bytes = line.length + 1;
    if (this.#bytes + bytes > AUDIT_BUFFER_BYTES) {
      this.#lose(1);
      return;
    }
    this.#lines.push(line);
    this.#count(bytes);
    if (this.#due === 0 && !this.#busy) this.#wait();
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#pool.engine.budget.count(bytes);
  }

  #lose(lines: number): void {
    this.#lost += lines;
    this.#pool.counters[AUDIT_LOST] += lines;
  }

  #wait(): void {
    this.#due = millis() + AUDIT_FLUSH_MS;
    this.#pool.engine.deadlines.arm(this, this.#due);
  }

  nextDeadline(): number {
    return this.#due;
  }

  onDeadline(): void {
    this.flush();
  }

  onException(error: unknown): void {
    this.#pool.engine.guard.note('the audit log', error);
  }

  /** Writes what there is, unless that is being done. */
  flush(): void {
    this.#due = 0;
    if (this.#busy || this.#lines.length === 0) return;
    const lines = this.#lines;
    const bytes = this.#bytes;
    if (this.#lost > 0) lines.push(this.#lossLine());
    this.#lines = [];
    this.#busy = true;
    const { engine } = this.#pool;
    const all = writing.get(engine) ?? new Set();
    writing.set(engine, all);
    const done = this.#append(Buffer.from(`${lines.join('\n')}\n`))
      .catch((error: unknown) => this.#onFailure(error))
      .then(() => {
        all.delete(done);
        this.#busy = false;
        this.#count(-bytes);
        if (this.#lines.length > 0) this.flush();
      });
    all.add(done);
  }

  #lossLine(): string {
    const lost = this.#lost;
    this.#lost = 0;
    return JSON.stringify({ time: wallTime(), pool: this.#pool.config.name, lost });
  }

  #onFailure(error: unknown): void {
    if (telling.happens(this.#pool) < 0) return;
    const { engine, config } = this.#pool;
    const line = `pool ${config.name}: the audit log: ${String(error)}`;
    engine.log.write(LOG_WARN, line, { pool: config.name });
  }

  /** @throws what the system has against it; lines that are not in the file are counted as lost */
  async #append(lines: Buffer): Promise<void> {
    const { path, size } = this.place;
    let written = 0;
    let file: FileHandle | null = null;
    try {
      file = await open(path, APPEND, MODE);
      await this.#endTorn(file);
      while (written < lines.length) {
        written += (await file.write(lines, written)).bytesWritten;
      }
      const { size: now, ino } = await file.stat();
      // Another process may have begun a new one meanwhile.
      if (size > 0 && now >= size && (await stat(path)).ino === ino) await this.#rotate();
    } finally {
      if (written < lines.length) this.#lose(linesIn(lines.subarray(written)));
      if (written > 0 && lines[written - 1] !== LF) this.#torn = (await file?.stat())?.ino ?? 0;
      await file?.close();
    }
  }

  /** What a full disk has left of a line must not begin the next one. */
  async #endTorn(file: FileHandle): Promise<void> {
    if (this.#torn === 0) return;
    if ((await file.stat()).ino === this.#torn) await file.write('\n');
    this.#torn = 0;
  }

  /** Names of earlier files tell when they were ended, and by which process. */
  async #rotate(): Promise<void> {
    const { path, kept } = this.place;
    const at = wallTime().replace(/[-:.]/g, '');
    await rename(path, `${path}.${at}-${process.pid}`);
    const own = `${basename(path)}.`;
    const names = (await readdir(dirname(path))).filter(
      (name) => name.startsWith(own) && /^\d{8}T\d{9}Z-\d+$/.test(name.slice(own.length)),
    );
    const old = names.sort().slice(0, Math.max(0, names.length - kept));
    // Another process may have deleted it.
    for (const name of old) await unlink(join(dirname(path), name)).catch(ifThere);
  }
}

function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Resolves when nothing is being written any more, or it has taken too long. */
export async function auditWritten(engine: Engine): Promise<void> {
  const all = writing.get(engine);
  const end = millis() + AUDIT_STOP_MS;
  while (all !== undefined && all.size > 0 && millis() < end) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, end - millis());
    });
    await Promise.race([...all, late]);
    clearTimeout(timer);
  }
}
