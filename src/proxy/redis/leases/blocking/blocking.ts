import { FAILOVER_RETRY_MS } from '../../../../limits.ts';
import { NO_SERVER } from '../../../../protocol/frame-table.ts';
import { nilArray } from '../../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../../protocol/redis/replies/replies.ts';
import { integerOf } from '../../../../protocol/redis/replies/reply-parts.ts';
import type { CommandSpec } from '../../../../protocol/redis/table/commands.ts';
import { BLOCKED_CLIENTS } from '../../../../stats/counters.ts';
import { type Redirection, SLOT_ASK } from '../../../backend/again/redirections.ts';
import type { BackendConnection } from '../../../backend/backend-connection.ts';
import { SWALLOWED } from '../../../backend/in-flight.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import { NOTHING_MORE } from '../../../client/stored-reply.ts';
import { millis } from '../../../engine/clock.ts';
import type { Server } from '../../../pool/server.ts';
import { LeasedRequest } from '../../../routing/leased-request.ts';
import { PassedReply } from '../../../routing/passed-reply.ts';
import { answer, copyOf, type SpecialRequest } from '../../../routing/request.ts';
import { type CommonPlace, commonPlace, NO_KEY } from '../../common-server.ts';
import { Words } from '../../words.ts';
import { type KeptPlace, serverAgain } from '../queueing.ts';
import { type BlockTime, blockTime, withTimeLeft } from './block-time.ts';
import { type Interrupted, Interruption } from './interruption.ts';
import { LastIds } from './last-ids.ts';
import { ServerId } from './server-id.ts';
import { type BlockedConnection, orderUnblock, type Settle, unblocked } from './unblock-order.ts';

const ERROR = 0x2d; // '-'
const NOTHING = Buffer.alloc(0);

/** What a server says when the time is over, by command and version. */
const NOTHING_CAME: readonly Buffer[] = ['*-1', '$-1', '_'].map((nil) => Buffer.from(`${nil}\r\n`));

/** A command that may block: its server lets it wait, on a connection that nobody else has. */
export function block(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const words = Words.of(request);
  if (!words.complete) return answer(client, replies.TOO_MANY_ARGUMENTS);
  const timeout = words.text(spec.timeout === 'first' ? 1 : words.count - 1);
  return blockAt(request, spec, commonPlace(request, spec), blockTime(timeout, 1000));
}

/** The same, when it is known where the request belongs. */
export function blockAt(
  request: SpecialRequest,
  spec: CommandSpec,
  { server, error }: CommonPlace,
  time: BlockTime,
): boolean {
  const { client } = request;
  const { pool } = client;
  if (error !== null) return answer(client, error);
  const index = server === NO_KEY ? pool.placeholderServer() : server;
  const { ringNumber } = pool;
  const chosen = index === NO_SERVER ? null : pool.servers[index];
  const kept = { request: copyOf(request), spec, server: chosen, ringNumber };
  new BlockingRequest(client, kept, time).advance();
  return true;
}

/** A server that takes it though it does not have its slot yet, as long as the ring is this one. */
interface Asked {
  readonly server: Server;
  readonly ringNumber: number;
}

/** A reply that is kept back when it only says that nothing has come. */
class BlockedReply extends PassedReply {
  /** It goes on elsewhere, unless something has come. */
  keepsBack: ((reply: Buffer) => boolean) | null = null;

  protected override isKept(reply: Buffer): boolean {
    return this.keepsBack?.(reply) ?? false;
  }
}

/**
 * A request that its server may let wait. When the server is the wrong one from now on, or the
 * client goes to another process, the server is asked to end it, and if nothing has come by then it
 * goes on with the time that is left. Who sends no more, as in Redis, or is to be closed, gets what
 * has come by then, and nothing else.
 */
export class BlockingRequest extends LeasedRequest implements Interrupted {
  #kept: KeptPlace;
  #time: BlockTime;
  readonly #lastIds: LastIds | null;
  #counted = false;
  #asked: Asked | null = null;
  /** UNBLOCKs that are under way. */
  #unblocking = 0;
  /** CLIENT UNBLOCKs that its server was asked for, and has not refused. */
  #wanted = 0;
  /** Hears whether it was unblocked, when it is interrupted anyway; see unblock(). */
  #onUnblocked: Settle | null = null;
  #unblockedWith: Buffer | null = null;
  /** When its time is over; Infinity = never, or nobody knows. */
  #until = Infinity;
  #interruption: Interruption | null = null;

  constructor(client: ClientConnection, kept: KeptPlace, time: BlockTime) {
    super(client);
    this.#kept = kept;
    this.#time = time;
    this.#lastIds = LastIds.of(kept.spec);
    this.claim.keep(NOTHING_MORE, kept.request.length);
  }

  override get blocked(): boolean {
    return this.waitsForLease || this.runs || this.rest !== null;
  }

  protected override get leaseWaitMs(): number {
    return Math.max(FAILOVER_RETRY_MS, Math.min(super.leaseWaitMs, this.#time.patience));
  }

  protected place(): Server | Buffer | null {
    const { ringNumber } = this.client.pool;
    if (this.#asked?.ringNumber === ringNumber) return this.#asked.server;
    this.#asked = null;
    return serverAgain(this.client, this.#kept);
  }

  protected send(connection: BackendConnection): void {
    const { request } = this.#kept;
    const { patience, lasts } = this.#time;
    ServerId.of(connection);
    connection.patience = patience;
    this.#until = millis() + lasts;
    const prefix = (): void => this.#prefix(connection);
    this.#lastIds?.ask(connection, this.leasedFrom, request, prefix);
    prefix();
    connection.out.append(request);
    const reply = this.passReply(connection);
    reply.again = (redirection) => this.onRedirection(redirection);
    reply.refused = () => this.onRefusal();
    connection.sentUnmeasured(reply, request.length);
    this.client.pool.counters[BLOCKED_CLIENTS]++;
    this.#counted = true;
  }

  #prefix(connection: BackendConnection): void {
    if (this.#asked === null) return;
    const asking = this.client.pool.protocol.slots?.asking ?? NOTHING;
    connection.out.append(asking);
    connection.sentUnmeasured(SWALLOWED, asking.length);
  }

  protected override onRedirection(redirection: Redirection): boolean {
    const { pool } = this.client;
    const { connection } = this;
    this.#asked = null;
    if (redirection.kind === SLOT_ASK && connection !== null) {
      const server = pool.mover?.askedServer(connection, redirection) ?? null;
      if (server !== null) this.#asked = { server, ringNumber: pool.ringNumber };
    }
    return super.onRedirection(redirection);
  }

  protected override replyOver(connection: BackendConnection): PassedReply {
    const reply = new BlockedReply(this.client, connection, this.claim);
    reply.keepsBack = (said) => this.#goesOn(said);
    return reply;
  }

  /** Nothing has come, and its time is not over. */
  #goesOn(reply: Buffer): boolean {
    if (this.#interruption === null || this.client.closed) return false;
    if (!NOTHING_CAME.some((nil) => nil.equals(reply)) || this.#tellUnblocked()) return false;
    return this.#until > millis();
  }

  protected answered(): void {
    if (this.reply?.over !== true) return;
    const interrupted = this.#interruption !== null;
    this.#stopInterruption();
    // Whoever had the connection next might be unblocked in its place.
    const closes = this.#unblocking > 0;
    if (this.reply.sentOn && this.reply.type !== ERROR && this.client.leaves) {
      this.#endUnanswered(closes);
    } else if (this.reply.sentOn) {
      if (interrupted) this.#takeTimeLeft();
      // The next one is greeted anew, and learns whether its server can serve.
      const isRefused = this.reply.type === ERROR && this.reply.redirection === null;
      this.placeAgain(closes || isRefused);
    } else if (closes) {
      this.close();
    } else {
      this.giveBack();
    }
  }

  #takeTimeLeft(): void {
    const lasts = this.#until === Infinity ? Infinity : Math.max(1, this.#until - millis());
    const { patience } = this.#time;
    this.#time = { lasts, patience: patience === Infinity ? Infinity : lasts };
    const { request, spec } = this.#kept;
    this.#kept = { ...this.#kept, request: withTimeLeft(request, spec, lasts) };
  }

  protected override placeAgain(closes: boolean): void {
    this.#stopInterruption();
    this.#uncount();
    this.#wanted = 0;
    this.#fixIds();
    super.placeAgain(closes);
    if (this.client.leaves) this.client.onAnswered();
  }

  /** What it has waited for it goes on waiting for, where its stream is the same. */
  #fixIds(): void {
    if (this.#lastIds === null) return;
    const server = this.client.pool.slots === null ? this.place() : this.leasedFrom;
    const request = this.#lastIds.in(this.#kept.request, () => server);
    this.#kept = { ...this.#kept, request };
  }

  protected override end(): void {
    super.end();
    this.#stopInterruption();
    this.#uncount();
  }

  #stopInterruption(): void {
    this.#settleUnblocked(false);
    this.#interruption?.stop();
    this.#interruption = null;
  }

  #uncount(): void {
    if (this.#counted) this.client.pool.counters[BLOCKED_CLIENTS]--;
    this.#counted = false;
  }

  // --- going elsewhere -------------------------------------------------------------------------

  override advance(): void {
    if (!this.client.moving) super.advance();
  }

  override reroute(): void {
    super.reroute();
    if (this.runs && this.place() !== this.leasedFrom) this.#interrupt();
  }

  override part(): void {
    this.stepBack();
    if (this.runs) this.#interrupt();
  }

  override endSoon(): void {
    if (this.waitsForLease || this.rest !== null) {
      this.stepBack();
      this.#endUnanswered(false);
    } else if (this.runs) {
      this.#interrupt();
      this.#interruption?.hurry();
    }
  }

  /** Nothing was taken for its client, which is closed. @param closes see placeAgain() */
  #endUnanswered(closes: boolean): void {
    if (closes) this.close();
    else if (this.connection !== null) this.giveBack();
    else this.end();
    this.claim.leaveOut();
    this.client.stopReading();
  }

  override get rest(): Buffer | null {
    return this.client.moving && this.waitsForTurn && this.claim.isNext ? this.#kept.request : null;
  }

  #interrupt(): void {
    this.#interruption ??= new Interruption(this);
  }

  get over(): boolean {
    return !this.runs || this.reply?.over === true;
  }

  get blockedAt(): BlockedConnection | null {
    const id = this.runs ? ServerId.known(this.connection) : null;
    return id === null ? null : { server: this.leasedFrom, id };
  }

  /** CLIENT UNBLOCK of another client. @param text what it is answered with, null = a nil */
  unblock(reason: string, text: Buffer | null, settle: Settle): void {
    const { blockedAt } = this;
    if (this.waitsForLease || this.rest !== null) {
      settle(unblocked(this.stopWaiting(text ?? nilArray(this.lane.resp))));
    } else if (this.#interruption !== null && this.#onUnblocked === null) {
      // Its server is being asked already.
      this.#onUnblocked = settle;
      this.#unblockedWith = text;
    } else if (this.#interruption !== null || blockedAt === null) {
      settle(unblocked(false));
    } else {
      this.#orderUnblock(blockedAt, reason, settle);
    }
  }

  #orderUnblock(blockedAt: BlockedConnection, reason: string, settle: Settle): void {
    const done = this.onUnblocking();
    const asked = this.reply;
    this.#wanted++;
    orderUnblock(this.client, blockedAt, reason, (reply) => {
      done();
      if (this.reply === asked && integerOf(reply) !== 1n) this.#wanted--;
      settle(reply);
    });
  }

  /** Nothing has come. @returns whether that is what CLIENT UNBLOCK has been promised */
  #tellUnblocked(): boolean {
    if (this.#wanted > 0) return true;
    if (this.#onUnblocked === null) return false;
    if (this.reply !== null) this.reply.instead = this.#unblockedWith;
    this.#settleUnblocked(true);
    return true;
  }

  #settleUnblocked(yes: boolean): void {
    this.#onUnblocked?.(unblocked(yes));
    this.#onUnblocked = null;
  }

  onUnblocking(): () => void {
    this.#unblocking++;
    return () => {
      this.#unblocking--;
    };
  }
}
