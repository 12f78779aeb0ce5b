import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ATTACHED_FILE_BYTES } from '../limits.ts';

/** What was read of the files that a configuration names, by their paths. */
export type Attached = ReadonlyMap<string, Uint8Array>;

/** A file that was read, or why it could not be. */
export type FileResult = AttachedFile | { readonly problem: string };

/** A file that the configuration names, as it was read. */
export interface AttachedFile {
  readonly bytes: Buffer;
  /** Everybody on this machine may read it. */
  readonly exposed: boolean;
}

/**
 * The files that a configuration names: certificates, keys, passwords. Each is read once, so that
 * one configuration never mixes two versions of a file. Other processes are given what was read.
 */
export class AttachedFiles {
  readonly #folder: string;
  readonly #given: Attached | null;
  readonly #read: Map<string, AttachedFile> = new Map();

  /**
   * @param file of the configuration: paths are relative to its folder
   * @param given what another process has read; null reads the files themselves
   */
  constructor(file: string, given: Attached | null = null) {
    this.#folder = dirname(file);
    this.#given = given;
  }

  /** What was read so far. */
  get contents(): Attached {
    return new Map([...this.#read].map(([path, { bytes }]) => [path, bytes]));
  }

  /** Where the file is. */
  pathOf(name: string): string {
    return resolve(this.#folder, name);
  }

  read(name: string): FileResult {
    const path = this.pathOf(name);
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const given = this.#given?.get(path);
    const result =
      given === undefined ? readAttached(path) : { bytes: Buffer.from(given), exposed: false };
    if ('bytes' in result) this.#read.set(path, result);
    return result;
  }
}

/** Reads a small regular file, and waits for nothing: opening a pipe would. */
export function readAttached(path: string): FileResult {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { problem: `cannot be read: ${(error as Error).message}` };
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return { problem: 'is not a regular file' };
    if (stat.size > ATTACHED_FILE_BYTES) {
      return { problem: `has ${stat.size} bytes; expected at most ${ATTACHED_FILE_BYTES}` };
    }
    return { bytes: readFileSync(descriptor), exposed: (stat.mode & constants.S_IROTH) !== 0 };
  } catch (error) {
    return { problem: `cannot be read: ${(error as Error).message}` };
  } finally {
    closeSync(descriptor);
  }
}
