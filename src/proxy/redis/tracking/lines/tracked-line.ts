import type { DialTarget } from '../../../../net/dial.ts';
import { type LineOwner, ReturningLine } from '../../listening/returning-line.ts';
import { ALL_KEYS, type Keys } from './push.ts';
import { TrackerConnection, type TrackerConnectionOwner } from './tracker-connection.ts';

/** Whose line it is. */
export interface TrackedLineOwner extends LineOwner {
  /** The server tells of keys from now on. @param again it could not be reached before */
  onLineReady(line: TrackedLine, again: boolean): void;
  /** It did, and does not any more. */
  onLineLost(line: TrackedLine): void;
  /** An attempt to reach the server has come to nothing. */
  onLineFailed(line: TrackedLine): void;
  onKeys(keys: Keys, line: TrackedLine): void;
}

/** One way in which a server tells of keys that change: a connection that comes back when lost. */
export class TrackedLine
  extends ReturningLine<TrackerConnection>
  implements TrackerConnectionOwner
{
  readonly words: readonly Buffer[];
  readonly #tracker: TrackedLineOwner;
  #id = '';

  /** @param words behind CLIENT TRACKING ON */
  constructor(owner: TrackedLineOwner, target: DialTarget, words: readonly Buffer[]) {
    super(owner, target, 'tell of changed keys');
    this.words = words;
    this.#tracker = owner;
    this.begin();
  }

  protected open(): TrackerConnection {
    return new TrackerConnection(this.#tracker.engine, this);
  }

  /** Number of the connection at the server; null while it tells nothing. */
  get id(): string | null {
    return this.ready ? this.#id : null;
  }

  /** What the server has said by now comes before `done` is told. */
  mark(done: () => void): void {
    if (this.connection === null) done();
    else this.connection.mark(done);
  }

  onReady(id: string): void {
    this.#id = id;
    this.granted();
  }

  protected opened(again: boolean): void {
    this.#tracker.onLineReady(this, again);
  }

  protected lost(): void {
    this.#tracker.onLineLost(this);
  }

  protected failed(): void {
    this.#tracker.onLineFailed(this);
  }

  onKeys(keys: Keys): void {
    this.#tracker.onKeys(keys, this);
  }

  /** Which keys it told of is not known. */
  onDropped(): void {
    this.#tracker.onKeys(ALL_KEYS, this);
  }
}
