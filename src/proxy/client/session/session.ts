import { CLIENT_NAME_BYTES } from '../../../limits.ts';
import { millis, wallMillis } from '../../engine/clock.ts';
import type { Detour } from './detour.ts';
import { LastWrite } from './last-write.ts';
import { NORMAL } from './modes.ts';
import { type PlacedPool, placesOf } from './places.ts';
import type { ClientTracking, SavedTracking } from './tracking.ts';
import { type SavedTransaction, Transaction } from './transaction.ts';
import { BROKEN, NOT_WATCHING, WATCHING, type Watched } from './watch.ts';

export type ReplyMode = 'on' | 'off' | 'skip';

export type SavedSession = Pick<
  Session,
  | 'number'
  | 'hears'
  | 'since'
  | 'name'
  | 'libName'
  | 'libVersion'
  | 'replies'
  | 'noEvict'
  | 'mode'
  | 'watch'
> & {
  readonly transaction: SavedTransaction | null;
  readonly tracking: SavedTracking | null;
  /** As placesOf() said where it wrote; null = in doubt. Absent from programs that do not say. */
  readonly wroteTo?: string | null;
};

/** No number that Pool.moves ever has: WAIT vouches for nothing. */
const IN_DOUBT = -1;

/** A name that another process gave along: an older one has no bound for it. */
function boundedName(name: string): string {
  return name.length > CLIENT_NAME_BYTES ? '' : name;
}

/** What a client has said about itself, and what it wants to hear. */
export class Session {
  /** CLIENT ID: it goes along to other processes, and no other client of theirs has it. */
  number: number;
  /** Others may have named it: it hears of keys in their place. */
  hears = false;
  /** Nobody needs to find it any more. */
  onDropped: (() => void) | null = null;
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
  /** One of modes.ts; changed by the client's enterMode(). */
  mode: number = NORMAL;
  /** Between MULTI and EXEC: what was asked for since. */
  transaction: Transaction | null = null;
  /** It has asked for something over a connection of its own since its last WAIT. */
  leased = false;
  /** Pool.moves when a WAIT was answered last; at first when it came. */
  moves = 0;
  /** The request that has a connection of its own, or waits for one. */
  detour: Detour | null = null;
  /** One of watch.ts: what its WATCHes have come to. */
  watch: number = NOT_WATCHING;
  /** Not null while a server watches keys for it. */
  watched: Watched | null = null;
  /** Where replicas are read: the last command that may have written; null = none. */
  lastWrite: LastWrite | null = null;
  /** Null while it does not want to hear of keys that change. */
  tracking: ClientTracking | null = null;
  /** Not null while it sees what the servers do. */
  monitoring: { drop(): void } | null = null;
  /** It was not read for so long that nobody knows whether it is there. */
  unseen = false;

  /** @param number one that no client of this process has had */
  constructor(number: number) {
    this.number = number;
  }

  /** Nothing about it keeps its requests from being simply forwarded. */
  get usual(): boolean {
    return this.replies === 'on' && this.mode === NORMAL && !this.tracking?.notes;
  }

  /** Bytes of what it calls itself. */
  get nameBytes(): number {
    return this.name.length + this.libName.length + this.libVersion.length;
  }

  /** A command was refused: EXEC must not say that all went well. */
  failTransaction(): void {
    this.transaction?.fail();
  }

  /** As RESET leaves it. */
  clear(): void {
    this.name = '';
    this.replies = 'on';
    this.muted = false;
    this.noEvict = false;
    this.mode = NORMAL;
    this.transaction = null;
    this.tracking?.drop();
    this.monitoring?.drop();
    this.monitoring = null;
    this.#endWatch();
    this.watch = NOT_WATCHING;
  }

  #endWatch(): void {
    this.watched?.release();
    this.watched = null;
  }

  /** Bytes that it holds. */
  get heldBytes(): number {
    return (this.transaction?.heldBytes ?? 0) + (this.tracking?.bytes ?? 0);
  }

  /** The client is gone. */
  drop(): void {
    this.onDropped?.();
    this.transaction = null;
    this.detour?.drop();
    this.detour = null;
    this.tracking?.drop();
    this.monitoring?.drop();
    this.monitoring = null;
    this.#endWatch();
  }

  /** What goes along when the client moves to another process. */
  save(pool: PlacedPool): SavedSession {
    const { number, hears, since, name, libName, libVersion, replies, noEvict, mode } = this;
    const transaction = this.transaction?.saved ?? null;
    // The connection stays here.
    const watch = this.watch === WATCHING ? BROKEN : this.watch;
    const tracking = this.tracking?.saved ?? null;
    // What it asks for again is as muted as it was.
    const again = replies === 'on' && this.detour?.rest && this.detour.unheard;
    const heard: ReplyMode = again ? 'skip' : replies;
    const said = { number, hears, since, name, libName, libVersion, replies: heard };
    const wroteTo = this.moves === pool.moves ? placesOf(pool) : null;
    return { ...said, noEvict, mode, watch, transaction, tracking, wroteTo };
  }

  restore(saved: SavedSession, pool: PlacedPool): void {
    // What it tracked goes on once it is here. An older process gives no number along.
    const { transaction, tracking: _tracking, wroteTo, ...rest } = saved;
    Object.assign(this, rest);
    this.transaction = transaction === null ? null : Transaction.restore(transaction);
    this.name = boundedName(this.name);
    this.libName = boundedName(this.libName);
    this.libVersion = boundedName(this.libVersion);
    // Either process may have heard first of a server that gave way to another one.
    this.moves = wroteTo === placesOf(pool) ? pool.moves : IN_DOUBT;
    // What it wrote went over connections of the other process.
    this.leased = true;
    // Nobody has said what it wrote a moment ago.
    this.lastWrite = new LastWrite(-1, millis());
  }
}
