import { wallMillis } from '../engine/clock.ts';
import { boundedName } from './client-names.ts';

let lastNumber = 0;

export type ReplyMode = 'on' | 'off' | 'skip';

/** Behind MULTI, and whether anything was asked for since. */
export type TransactionState = 'none' | 'begun' | 'failed';

export type SavedSession = Pick<
  Session,
  'since' | 'name' | 'libName' | 'libVersion' | 'replies' | 'noEvict' | 'transaction'
>;

/** What a client has said about itself, and what it wants to hear. */
export class Session {
  /** CLIENT ID: never used twice in the life of the process. */
  readonly number: number = ++lastNumber;
  since: number = wallMillis();
  name = '';
  libName = '';
  libVersion = '';
  replies: ReplyMode = 'on';
  /** The request being handled now gets no reply. */
  muted = false;
  /** Counts CLIENT REPLY, so that SKIP does not undo a mode just set. */
  modeChanges = 0;
  noEvict = false;
  transaction: TransactionState = 'none';
  /** It was not read for so long that nobody knows whether it is there. */
  unseen = false;

  /** Nothing about it keeps its requests from being simply forwarded. */
  get usual(): boolean {
    return this.replies === 'on' && this.transaction === 'none';
  }

  /** Bytes of what it calls itself. */
  get nameBytes(): number {
    return this.name.length + this.libName.length + this.libVersion.length;
  }

  /** A command was refused: EXEC must not say that all went well. */
  failTransaction(): void {
    if (this.transaction === 'begun') this.transaction = 'failed';
  }

  /** As RESET leaves it. */
  clear(): void {
    this.name = '';
    this.replies = 'on';
    this.muted = false;
    this.noEvict = false;
    this.transaction = 'none';
  }

  /** What goes along when the client moves to another process. */
  get saved(): SavedSession {
    const { since, name, libName, libVersion, replies, noEvict, transaction } = this;
    return { since, name, libName, libVersion, replies, noEvict, transaction };
  }

  restore(saved: SavedSession): void {
    Object.assign(this, saved);
    this.name = boundedName(this.name);
    this.libName = boundedName(this.libName);
    this.libVersion = boundedName(this.libVersion);
  }
}
