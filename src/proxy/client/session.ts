let lastNumber = 0;

export type ReplyMode = 'on' | 'off' | 'skip';

export type SavedSession = Pick<
  Session,
  'since' | 'name' | 'libName' | 'libVersion' | 'replies' | 'noEvict'
>;

/** What a client has said about itself, and what it wants to hear. */
export class Session {
  /** CLIENT ID: never used twice in the life of the process. */
  readonly number: number = ++lastNumber;
  since: number = Date.now();
  name = '';
  libName = '';
  libVersion = '';
  replies: ReplyMode = 'on';
  /** The request being handled now gets no reply. */
  muted = false;
  /** Counts CLIENT REPLY, so that SKIP does not undo a mode just set. */
  modeChanges = 0;
  noEvict = false;

  /** As RESET leaves it. */
  clear(): void {
    this.name = '';
    this.replies = 'on';
    this.muted = false;
    this.noEvict = false;
  }

  /** What goes along when the client moves to another process. */
  get saved(): SavedSession {
    const { since, name, libName, libVersion, replies, noEvict } = this;
    return { since, name, libName, libVersion, replies, noEvict };
  }

  restore(saved: SavedSession): void {
    Object.assign(this, saved);
  }
}
