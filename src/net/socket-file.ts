import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { SOCKET_FILE_TRIES, SOCKET_PATH_BYTES, SOCKET_PROBE_MS } from '../limits.ts';

/** The file that a name leads to, as device and inode: another file may get the same name. */
export type FileId = string;

/** @returns null when there is nothing at `path` */
export function fileIdAt(path: string): FileId | null {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

/**
 * The name of a listening unix socket. It is bound to a name beside its own and moved: closing a
 * listener removes the name that it was bound to, whoever listens there by then.
 */
export class SocketFile {
  readonly path: string;
  /** What is bound to, until it is placed. */
  readonly bound: string;
  #id: FileId | null = null;
  #placed = false;

  constructor(path: string) {
    this.path = path;
    this.bound = besides(path);
  }

  /** A name that another process has made for a socket that this one listens on as well. */
  static takenOver(path: string, id: FileId): SocketFile {
    const file = new SocketFile(path);
    file.#id = id;
    file.#placed = true;
    return file;
  }

  get id(): FileId | null {
    return this.#id;
  }

  /** It is bound: from now on it can be told from another file. */
  identify(): void {
    this.#id = fileIdAt(this.bound);
  }

  /**
   * Gives it its name, in the place of an earlier run's that nobody listens on any more.
   * @throws EADDRINUSE, as a rejection, when somebody does, or when something else is there
   */
  async place(): Promise<void> {
    for (let i = 0; i < SOCKET_FILE_TRIES; i++) {
      const stale = await staleAt(this.path);
      if (stale !== null) removeExactly(this.path, stale);
      if (this.#link()) return;
    }
    throw inUse(`${this.path} is taken again and again`);
  }

  /** Gives it its name, in the place of whatever is there: that is ours. */
  replace(): void {
    if (this.#placed) return;
    renameSync(this.bound, this.path);
    this.#placed = true;
  }

  /** @returns false when somebody was faster: then it has not got the name */
  #link(): boolean {
    try {
      linkSync(this.bound, this.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // A file system without second names: the moment between look and rename remains.
      this.replace();
      return true;
    }
    this.#placed = true;
    unlinkSync(this.bound);
    return true;
  }

  /** Removes its name, unless that leads to another file by now. */
  remove(): void {
    const path = this.#placed ? this.path : this.bound;
    try {
      if (this.#id !== null && fileIdAt(path) === this.#id) unlinkSync(path);
    } catch {
      // Somebody else has removed it, or we may not: nothing is left to do.
    }
  }
}

/** A name in the same folder that is short enough wherever `path` is. */
function besides(path: string): string {
  const random = `.${randomBytes(4).toString('hex')}`;
  const length = SOCKET_PATH_BYTES - Buffer.byteLength(path) + Buffer.byteLength(basename(path));
  return join(dirname(path), random.slice(-Math.max(1, Math.min(random.length, length))));
}

/**
 * @returns the file of an earlier run, null when there is nothing
 * @throws EADDRINUSE, as a rejection, when somebody listens there or it is no socket
 */
export async function staleAt(path: string): Promise<FileId | null> {
  const id = fileIdAt(path);
  if (id === null) return null;
  const target = statSync(path, { throwIfNoEntry: false });
  if (target === undefined) return id; // a link that leads nowhere
  if (!target.isSocket()) throw inUse(`${path} is there and no socket`);
  const why = await whyLive(path);
  if (why !== null) throw inUse(`${path} is in use: ${why}`);
  return id;
}

/** @returns how it shows that somebody listens at `path`; null when nobody does */
function whyLive(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (why: string | null): void => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(SOCKET_PROBE_MS, () => done('it does not say whether somebody listens'));
    socket.on('connect', () => done('another process listens there'));
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      done(code === 'ECONNREFUSED' || code === 'ENOENT' ? null : message);
    });
  });
}

/** Removes what `path` leads to if that is `id`: what came there meanwhile gets its name back. */
function removeExactly(path: string, id: FileId): void {
  const aside = besides(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (fileIdAt(aside) === id) unlinkSync(aside);
  else renameSync(aside, path);
}

function inUse(message: string): Error {
  return Object.assign(new Error(message), { code: 'EADDRINUSE' });
}
