import { FLAG_FIRST, FLAG_LAST } from '../../../protocol/frame-table.ts';
import type { Engine } from '../../engine/engine.ts';
import type { GuardedConnection } from '../../engine/guard.ts';
import type { ReplyReceiver, ReplyStream } from '../../engine/receiver.ts';
import type { WithheldRequests } from '../again/withheld-requests.ts';
import { type InFlight, type ReplyTarget, SWALLOWED } from '../in-flight.ts';
import type { Lane } from '../lane.ts';
import type { ConnectionOwner } from '../owner.ts';
import type { RequestJoiner } from '../request-joiner.ts';
import type { ReplyTimes } from './reply-times.ts';
import type { PausedConnection, SlowReader } from './slow-reader.ts';

/** The connection, as what reads its replies sees it. */
export interface RepliedConnection extends PausedConnection, GuardedConnection {
  readonly owner: ConnectionOwner;
  readonly inFlight: InFlight;
  readonly lane: Lane;
  readonly joiner: RequestJoiner | null;
  /** Requests that wait to be written. */
  readonly unwritten: number;
  /** Null where nothing is sent again. */
  readonly withheld: WithheldRequests | null;
  /** Replies have been handed out. */
  onWalked(): void;
}

/**
 * The reply of the oldest request, where it is not a whole one of a client: it goes to a target, or
 * comes in pieces that are handed on as they arrive.
 */
export class OldestReply {
  readonly #engine: Engine;
  readonly #connection: RepliedConnection;
  readonly #slowReader: SlowReader;
  readonly #times: ReplyTimes;
  readonly #unasked: number;
  #streamed: ReplyStream | null = null;
  /** The target of a reply that arrives in pieces. */
  #pieces: ReplyTarget | null = null;
  /** A reply came that cannot be that of the oldest request. */
  distrusted = false;

  constructor(
    engine: Engine,
    connection: RepliedConnection,
    slowReader: SlowReader,
    times: ReplyTimes,
  ) {
    this.#engine = engine;
    this.#connection = connection;
    this.#slowReader = slowReader;
    this.#times = times;
    this.#unasked = connection.owner.pool.protocol.unaskedType(connection.lane.resp);
  }

  /** It has begun to be given to whoever waits for it. */
  get begun(): boolean {
    return this.#streamed !== null || this.#pieces !== null;
  }

  get swallows(): boolean {
    return this.#pieces === SWALLOWED;
  }

  /** One piece of the oldest request's reply, or a whole reply that is not simply passed on. */
  piece(start: number, length: number, info: number, count: number, key: number): void {
    if (this.#unasked !== 0 && (info & 0xff) === this.#unasked) return;
    const { inFlight, owner } = this.#connection;
    const { bytes } = this.#engine;
    const last = (info & FLAG_LAST) !== 0;
    if (last) this.#times.measure();
    const known = last ? 0 : owner.pool.protocol.replyBytes(bytes, start, length);
    this.#slowReader.onPiece(known > length && (info & FLAG_FIRST) !== 0 ? known : length, last);
    const id = inFlight.headClient;
    if (id < 0) {
      const target = inFlight.headTarget;
      this.#pieces = last ? null : target;
      this.tell(target, start, length, info, count, key);
      if (target.distrusts) this.distrusted = true;
      if (last && inFlight.count > 0 && !target.awaitsMore()) inFlight.shift();
      return;
    }
    const client = this.#engine.clients[id] as ReplyReceiver;
    const slot = inFlight.headSlot;
    if (last) inFlight.shift();
    try {
      this.#passOn(client, slot, start, length, last);
    } catch (error) {
      client.onException(error);
    }
    if (!last) return;
    this.#streamed = null;
    this.#slowReader.onReplyEnd();
  }

  /** Gives a target a reply or a piece of one: what goes wrong is its client's trouble. */
  tell(
    target: ReplyTarget,
    start: number,
    length: number,
    info: number,
    count: number,
    key: number,
  ): void {
    const unsent = target.claim?.unsentBytes ?? 0;
    try {
      target.onReply(start, length, info, count, key);
      target.claim?.onKept();
    } catch (error) {
      this.#engine.guard.target(this.#connection, target.claim, error, unsent);
    }
  }

  /** One more piece of a reply that is handed to its client as it arrives. */
  #passOn(client: ReplyReceiver, slot: number, start: number, length: number, last: boolean): void {
    if (last) client.endStream();
    if (client.closed) return;
    this.#streamed ??= client.openStream(slot, this.#connection.inFlight.hasOther(client.id));
    this.#streamed.push(start, length, last);
    client.tookReplies();
    this.#slowReader.pauseFor(client);
    if (this.#slowReader.paused) this.#connection.withheld?.onHeldUp(client.id);
  }

  /** The reply that is arriving may be nobody's from here on. */
  onDisowned(): void {
    if (this.#streamed === null || this.#connection.inFlight.headClient >= 0) return;
    this.#streamed = null;
    this.#pieces = SWALLOWED;
    this.#slowReader.onReplyEnd();
  }

  drop(): void {
    this.#pieces = null;
  }

  /** The connection is lost. @returns whether the oldest reply was being streamed and is settled */
  fail(error: Buffer): boolean {
    const streamed = this.#streamed;
    this.#streamed = null;
    try {
      streamed?.fail(error);
    } catch (trouble) {
      streamed?.onException(trouble);
    }
    return streamed !== null;
  }
}
