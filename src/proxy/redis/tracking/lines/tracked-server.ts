import type { DialTarget } from '../../../../net/dial.ts';
import { covers } from '../prefixes.ts';
import { TrackedLine, type TrackedLineOwner } from './tracked-line.ts';

const NO_WORDS: readonly Buffer[] = [];

/** What a server is to tell of. */
export interface Wanted {
  /** Of what is read on connections that name the line of the server. */
  readonly reads: boolean;
  /** Of all keys that begin so, latin1; none when it is empty. */
  readonly cover: readonly string[];
}

function broadcasting(cover: readonly string[]): Buffer[] {
  const words = cover.flatMap((prefix) => [Buffer.from('PREFIX'), Buffer.from(prefix, 'latin1')]);
  return [Buffer.from('BCAST'), ...words];
}

/** A server that tells of keys: over one line of those that were read, over another of prefixes. */
export class TrackedServer {
  readonly target: DialTarget;
  readonly #owner: TrackedLineOwner;
  #reads: TrackedLine | null = null;
  #broadcast: TrackedLine | null = null;
  #cover: readonly string[] = [];
  /** Takes the place of #broadcast when it is there: it tells of more. */
  #wider: TrackedLine | null = null;

  constructor(owner: TrackedLineOwner, target: DialTarget) {
    this.#owner = owner;
    this.target = target;
  }

  /** Number at the server of the connection that is told of what was read; null = there is none. */
  get id(): string | null {
    return this.#reads?.id ?? null;
  }

  /** Lines are opened, and closed when nothing at all is wanted over them. */
  want({ reads, cover }: Wanted): void {
    if (reads) this.#reads ??= new TrackedLine(this.#owner, this.target, NO_WORDS);
    else this.#stopReads();
    if (cover.length === 0) this.#stopBroadcast();
    else if (this.#broadcast === null || !covers(this.#cover, cover)) this.#widen(cover);
  }

  #widen(cover: readonly string[]): void {
    const line = new TrackedLine(this.#owner, this.target, broadcasting(cover));
    this.#cover = cover;
    this.#wider?.stop();
    if (this.#broadcast === null) this.#broadcast = line;
    else this.#wider = line;
  }

  #stopReads(): void {
    this.#reads?.stop();
    this.#reads = null;
  }

  #stopBroadcast(): void {
    this.#broadcast?.stop();
    this.#wider?.stop();
    this.#broadcast = null;
    this.#wider = null;
    this.#cover = [];
  }

  /** A line tells of keys from now on. @returns whether that is what was read */
  onReady(line: TrackedLine): boolean {
    if (line === this.#wider) {
      this.#broadcast?.stop();
      this.#broadcast = line;
      this.#wider = null;
    }
    return line === this.#reads;
  }

  has(line: TrackedLine): boolean {
    return this.#lines.includes(line);
  }

  /** Whether a line is that over which the server tells of what was read. */
  isOfReads(line: TrackedLine): boolean {
    return line === this.#reads;
  }

  get #lines(): TrackedLine[] {
    return [this.#reads, this.#broadcast, this.#wider].filter((line) => line !== null);
  }

  /** It is known of all lines whether they tell of keys. */
  get settled(): boolean {
    return this.#lines.every((line) => line.settled);
  }

  /** All of them do. */
  get ready(): boolean {
    return this.#lines.every((line) => line.id !== null);
  }

  /** Why one of them does not, a complete error reply. */
  get error(): Buffer | null {
    return this.#lines.find((line) => line.error !== null)?.error ?? null;
  }

  /** What the server has said by now comes before `done` is told, once for each line. */
  mark(done: () => void): void {
    let left = this.#lines.length;
    if (left === 0) done();
    for (const line of this.#lines) line.mark(() => void (--left === 0 && done()));
  }

  stop(): void {
    this.#stopReads();
    this.#stopBroadcast();
  }
}
