import { SLOW_READER_GRACE_MS, STEADY_READER_BYTES } from '../../../limits.ts';
import { LOG_NOTICE } from '../../../log.ts';
import { SLOW_READERS } from '../../../stats/counters.ts';
import { millis } from '../../engine/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { ReplyReceiver, ReplySource } from '../../engine/receiver.ts';
import type { InFlight } from '../in-flight.ts';
import { type OwnedConnection, PURPOSE_SHARED } from '../owned-connection.ts';
import type { ConnectionOwner } from '../owner.ts';

/** The connection, as far as it stands still. */
export interface PausedConnection extends ReplySource, OwnedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
  /** PURPOSE_… */
  readonly purpose: number;
  /** It looks at the time then. */
  armDeadline(due: number): void;
}

/** A client that does not take its replies, and a server connection that stands still for it. */
export class SlowReader {
  readonly #engine: Engine;
  readonly #connection: PausedConnection;
  /** Nothing is read until the client has taken its large reply. */
  paused = false;
  /** When reading went on after a pause of our own: servers are not blamed for it. */
  resumedAt = 0;
  #pausedAt = 0;
  /** How long others have waited behind its reply already, in earlier pauses. */
  #waited = 0;
  /** Bytes that the client had taken when that began to count. */
  #takenBefore = 0;
  #client: ReplyReceiver | null = null;
  /** Bytes of the reply that is under way. */
  #size = 0;
  /** Nothing new is sent on the connection. */
  #retired = false;

  constructor(engine: Engine, connection: PausedConnection) {
    this.#engine = engine;
    this.#connection = connection;
  }

  /** The client was given something: maybe more than it takes. */
  pauseFor(client: ReplyReceiver): void {
    if (this.paused || !client.holdsUp(this.#connection)) return;
    this.paused = true;
    this.#client = client;
    this.#pausedAt = this.#engine.now;
    if (this.#waited === 0) this.#takenBefore = client.takenBytes;
    client.blocks(this.#connection);
    this.#retire();
    this.#connection.armDeadline(this.graceDeadline);
  }

  /**
   * One more piece of a reply has come. When that turns out to be large, what is asked from now on
   * need not wait behind it, nor for whoever takes it.
   */
  onPiece(length: number, last: boolean): void {
    const { purpose, owner } = this.#connection;
    const large = owner.pool.config.clientOutputLimit >> 2;
    const before = this.#size;
    this.#size = last ? 0 : before + length;
    if (before > large || this.#size <= large || purpose !== PURPOSE_SHARED) return;
    if (owner.pool.budget.makeRoom()) this.#retire();
  }

  /** What is asked from now on goes over a new connection. */
  #retire(): void {
    this.#retired = true;
    this.#connection.owner.retire(this.#connection);
  }

  /** Whether nobody but `client` waits for the connection, nor will. */
  isFor(client: number): boolean {
    const { purpose, inFlight } = this.#connection;
    return (purpose !== PURPOSE_SHARED || this.#retired) && !inFlight.hasOther(client);
  }

  /** Nobody takes what comes, and nobody waits behind it: resume() is called when that changes. */
  standStill(): void {
    this.paused = true;
    this.#pausedAt = this.#engine.now;
  }

  /** The client that held this up has taken its bytes, or is gone. */
  resume(): void {
    this.paused = false;
    this.resumedAt = millis();
    // A reader that takes a little now and then must not hold the others up for ever.
    if (this.#client !== null && this.#connection.inFlight.hasOther(this.#client.id)) {
      this.#waited += this.resumedAt - this.#pausedAt;
    }
    this.#client = null;
  }

  /** The large reply is complete. */
  onReplyEnd(): void {
    this.#waited = 0;
  }

  /** When the slow reader must have made room: those behind it wait only so long. */
  get graceDeadline(): number {
    if (this.#connection.inFlight.count === 0) return 0;
    return this.#pausedAt + Math.max(0, SLOW_READER_GRACE_MS - this.#waited);
  }

  /**
   * The grace is over: one that takes its reply steadily has another; a slow reader goes, the rest
   * of its reply is swallowed.
   */
  drop(now: number): void {
    this.#pausedAt = now;
    this.#waited = 0;
    const client = this.#client;
    if (client === null || !this.#connection.inFlight.hasOther(client.id)) return;
    const before = this.#takenBefore;
    this.#takenBefore = client.takenBytes;
    if (this.#takenBefore - before >= STEADY_READER_BYTES) return;
    this.#connection.owner.pool.counters[SLOW_READERS]++;
    client.destroy('it does not read a large reply that others wait behind', LOG_NOTICE);
  }
}
