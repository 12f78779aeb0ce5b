import type { User } from '../../acl/user.ts';
import type { PoolConfig } from '../../config/index.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { SwallowingSource } from '../engine/receiver.ts';
import type { PoolProtocol } from '../pool/protocol.ts';
import type { Gate } from './access/gate.ts';
import type { Sampler } from './access/sampler.ts';
import type { SavedSession } from './session/session.ts';
import type { SavedSubscriptions } from './session/subscriptions.ts';

/** What may come before a login, and what everything else hears. */
export interface LoginRules {
  /** First words of a line that may come, in upper case. */
  readonly words: ReadonlySet<string>;
  /** Whether a command may come. @param command the low half of INFO */
  isOpen(command: number): boolean;
  readonly refusal: Buffer;
  /** The same where users have rules. */
  readonly refusalWithUsers: Buffer;
}

/** Takes the reply to a body that is streamed. */
export interface BodyReply extends ReplyTarget {
  /** The client is gone in the middle of the body, and the connection with it. */
  abandon(): void;
}

/** What clients need of the protocol of their pool: answers, and the words of refusals. */
export interface ClientProtocol extends PoolProtocol {
  /**
   * Answers or sends one request at [start, start + length) that the fast loop left out.
   * @param client a ClientConnection
   * @param intent MAY_WAIT, or MUST_SEND when it cannot be put back
   * @returns false when it must wait for a server to take more
   */
  handleSpecial(
    client: object,
    start: number,
    length: number,
    info: number,
    intent: number,
  ): boolean;
  /** Goes on with what a client of another process is to hear of keys that change. */
  resumeTracking(client: object, saved: SavedSession): void;
  /** The same of what it has subscribed to. */
  resumeSubscriptions(client: object, saved: SavedSubscriptions): void;
  /** It hears of keys in the place of others, and may have missed some. */
  tellToForget(client: object): void;
  /**
   * Makes a read of a client again that one server answers, over a connection of its own.
   * @param source the rest of its first reply comes from there before; null = nothing does
   */
  readAlone(client: object, request: Buffer, source: SwallowingSource | null): void;
  /**
   * The server of such a read, which was scanned last and stands at [start, start + length);
   * NO_SERVER when there is none.
   */
  serverOfRead(client: object, start: number, length: number): number;
  /**
   * Who takes the reply to a request whose body is streamed, where it may say that its key is
   * elsewhere; null = its client.
   */
  bodyReply(client: object, connection: BackendConnection): BodyReply | null;
  /** No connection of its own to a server came free in time. */
  noLease(server: string): Buffer;
  readonly login: LoginRules;
  /** What the rules of a user mean for its requests; null = it may do everything. */
  gateOf(pool: PoolConfig, user: User): Gate | null;
  /** Which of its requests the audit log tells of; null = there is none. */
  auditOf(pool: PoolConfig): Sampler | null;
  /** The reply to a malformed request, by the scanner's error; `next` is its second byte, or 0. */
  malformed(error: number, byte: number, next: number): Buffer;
  /** What the log says about the client of a malformed request; null = only that it sent one. */
  complaint(error: number): string | null;
  /**
   * The reply to a request too large to be assembled that cannot be streamed; null for one that
   * wants no reply.
   */
  tooLarge(limit: number, info: number): Buffer | null;
  /** What a client hears whose request did not come to its end in time. */
  readonly unfinished: Buffer;
  /** What a client hears last when it met a mistake of ringway itself. */
  readonly internalError: Buffer;
  /** What a client hears that is one too many. */
  readonly tooManyClients: Buffer;
  /** What a client is told that protected mode keeps out. */
  readonly protectedMode: Buffer;
}
