import { FLAG_FIRST, FLAG_LAST, WHOLE } from '../../protocol/frame-table.ts';
import { FORWARD_ERROR } from '../../stats/counters.ts';
import type { Redirection } from '../backend/again/redirections.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_EOF, FAILURE_INVALID, failureOf } from '../backend/failure.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import { EXECUTED } from '../backend/server-protocol.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { ReplyStream } from '../engine/receiver.ts';

const ERROR = 0x2d; // '-'

/** A reply that its client gets as it comes, and that somebody else wants to hear of. */
export class PassedReply implements ReplyTarget {
  distrusts = false;
  readonly claim: Claim;
  readonly #client: ClientConnection;
  readonly #connection: BackendConnection;
  #streamed: ReplyStream | null = null;
  /** What the client gets instead of the reply; null = the reply. */
  instead: Buffer | null = null;
  /** Its first byte; 0 = nothing of it has come. */
  type = 0;
  /** Nothing more will come of it. */
  over = false;
  /** The connection was lost before it was complete. */
  lost = false;
  /** A node of the cluster has sent the request elsewhere: it was not carried out. */
  redirection: Redirection | null = null;
  /** Has the request sent again where it was sent on to. @returns false when it is not */
  again: ((redirection: Redirection) => boolean) | null = null;
  /** Has it sent again when the server says that it did not carry it out; false: it is not. */
  refused: (() => boolean) | null = null;
  /** The same when the connection is lost, if it was not sent. */
  unsent: (() => boolean) | null = null;
  /** It is sent again: the claim is not settled. */
  sentOn = false;

  /** @param claim of the client's request, settled here */
  constructor(client: ClientConnection, connection: BackendConnection, claim: Claim) {
    this.#client = client;
    this.#connection = connection;
    this.claim = claim;
  }

  onReply(start: number, length: number, info: number): void {
    if (this.over) return;
    const last = (info & FLAG_LAST) !== 0;
    if (this.type === 0) {
      this.type = info & 0xff;
      if (this.type === ERROR && (info & WHOLE) === WHOLE) this.#learn(start, length);
      this.distrusts = !this.fits(start, length);
    }
    if (this.#goesAgain(start, length, info)) {
      this.over = true;
      this.sentOn = true;
      return;
    }
    if (this.distrusts && this.type !== ERROR) {
      this.over = true;
      const invalid = this.#client.protocol.failure(failureOf(FAILURE_INVALID));
      this.claim.deliver(this.instead ?? invalid);
      return;
    }
    if (this.#streamed === null && (info & WHOLE) === WHOLE) {
      this.#takeWhole(this.#client.pool.engine.copyOf(start, length));
      return;
    }
    if (this.#streamed === null && (info & FLAG_FIRST) !== 0) {
      this.#streamed = this.claim.openStream();
    }
    this.#streamed?.push(start, length, last);
    if (last) {
      this.over = true;
      this.claim.forget();
    }
    if (this.#streamed !== null) this.#connection.replies.afterReplies(this.#client);
    if (last) this.#connection.replies.slowReader.onReplyEnd();
  }

  /** What the error line says of its request has it sent again. */
  #goesAgain(start: number, length: number, info: number): boolean {
    if (this.type !== ERROR || (info & WHOLE) !== WHOLE) return false;
    if (this.redirection !== null) return this.again?.(this.redirection) ?? false;
    if (this.refused === null) return false;
    const { protocol, engine } = this.#client.pool;
    return protocol.refusal(engine.memory, start, length) !== EXECUTED && this.refused();
  }

  #takeWhole(reply: Buffer): void {
    this.onWhole(reply);
    this.over = true;
    this.sentOn = this.isKept(reply);
    if (!this.sentOn) this.claim.deliver(this.instead ?? reply);
  }

  /** What the error line says of the slot of its request. */
  #learn(start: number, length: number): void {
    const { mover, protocol, engine } = this.#client.pool;
    const redirection = protocol.slots?.redirection(engine.memory, start, length) ?? null;
    if (redirection === null || mover === null) return;
    this.redirection = redirection;
    this.instead ??= mover.learn(this.#connection, redirection);
  }

  /** Whether the reply, of which this is the first piece, can be one to what was asked. */
  protected fits(_start: number, _length: number): boolean {
    return true;
  }

  /** Its client does not hear it: it is asked for again. */
  protected isKept(_reply: Buffer): boolean {
    return false;
  }

  /** The reply came in one piece. */
  protected onWhole(_reply: Buffer): void {}

  awaitsMore(): boolean {
    return false;
  }

  onFailure(error: Buffer): void {
    if (this.over) return;
    this.over = true;
    this.lost = true;
    this.sentOn = this.unsent?.() ?? false;
    if (this.sentOn) return;
    if (!this.claim.closed) this.#client.pool.counters[FORWARD_ERROR]++;
    this.#end(error);
  }

  #end(error: Buffer): void {
    if (this.#streamed === null) {
      this.claim.deliver(this.instead ?? error);
      return;
    }
    this.#streamed.fail(error);
    this.claim.forget();
  }

  /** The connection is gone with its client, or because that sends no more of its request. */
  abandon(): void {
    if (this.over) return;
    this.over = true;
    this.#end(this.#client.protocol.failure(failureOf(FAILURE_EOF)));
  }
}
