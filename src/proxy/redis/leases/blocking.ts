import { REDIRECTIONS } from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import { nilArray } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { BLOCKED_CLIENTS } from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Server } from '../../pool/server.ts';
import { LeasedRequest } from '../../routing/leased-request.ts';
import { answer, copyOf, type SpecialRequest } from '../../routing/request.ts';
import { type CommonPlace, commonPlace, NO_KEY } from '../common-server.ts';
import { Words } from '../words.ts';
import { type KeptPlace, serverAgain } from './queueing.ts';
import { ServerId } from './server-id.ts';

/** Longer than any wait that is told from one without end: 24 days. */
const LONGEST_MS = 0x7fffffff;
/** What a server takes for a number in other ways too, it is asked to wait for by itself. */
const PLAIN_NUMBER = /^[0-9]{1,10}(\.[0-9]{1,10})?$/;

/**
 * @param text of a timeout, which its server judges @param unit milliseconds
 * @returns how long the server may take; Infinity for ever, or as long as it likes
 */
export function patienceOf(text: string, unit: number): number {
  const value = PLAIN_NUMBER.test(text) ? Number(text) * unit : 0;
  return value === 0 || value > LONGEST_MS ? Infinity : Math.ceil(value);
}

/** A command that may block: its server lets it wait, on a connection that nobody else has. */
export function block(request: SpecialRequest, spec: CommandSpec): boolean {
  const { client } = request;
  const words = Words.of(request);
  if (!words.complete) return answer(client, replies.TOO_MANY_ARGUMENTS);
  const timeout = words.text(spec.timeout === 'first' ? 1 : words.count - 1);
  return blockAt(request, spec, commonPlace(request, spec), patienceOf(timeout, 1000));
}

/** The same, when it is known where the request belongs. @param patience as patienceOf() */
export function blockAt(
  request: SpecialRequest,
  spec: CommandSpec,
  { server, error }: CommonPlace,
  patience: number,
): boolean {
  const { client } = request;
  const { pool } = client;
  if (error !== null) return answer(client, error);
  const index = server === NO_KEY ? pool.placeholderServer() : server;
  if (index === NO_SERVER) return client.failForward(pool.nowhere);
  const { ringNumber } = pool;
  const kept = { request: copyOf(request), spec, server: pool.servers[index], ringNumber };
  new BlockingRequest(client, kept, patience).advance();
  return true;
}

/** A request that its server may let wait. Who sends no more is gone, as in Redis. */
export class BlockingRequest extends LeasedRequest {
  readonly #kept: KeptPlace;
  readonly #patience: number;
  #counted = false;
  /** How often a node of the cluster has sent it on. */
  #moves = 0;
  /** UNBLOCKs that are under way. */
  #unblocking = 0;

  constructor(client: ClientConnection, kept: KeptPlace, patience: number) {
    super(client);
    this.#kept = kept;
    this.#patience = patience;
    this.claim.keep({ drop: () => {} }, kept.request.length);
  }

  override get endsWithClient(): boolean {
    return this.claim.isNext;
  }

  override get blocked(): boolean {
    return this.waitsForLease || this.runs;
  }

  protected override get leaseWaitMs(): number {
    return Math.min(super.leaseWaitMs, this.#patience);
  }

  protected place(): Server | Buffer {
    return serverAgain(this.client, this.#kept);
  }

  protected send(connection: BackendConnection): void {
    const { request } = this.#kept;
    ServerId.of(connection);
    connection.patience = this.#patience;
    connection.out.append(request);
    const reply = this.passReply(connection);
    reply.again = () => this.#moves++ < REDIRECTIONS;
    connection.sentUnmeasured(reply, request.length);
    this.client.pool.counters[BLOCKED_CLIENTS]++;
    this.#counted = true;
  }

  protected answered(): void {
    if (this.reply?.over !== true) return;
    if (this.reply.sentOn) {
      this.#uncount();
      this.placeAgain();
      return;
    }
    // Whoever had the connection next might be unblocked in its place.
    if (this.#unblocking > 0) this.close();
    else this.giveBack();
  }

  protected override end(): void {
    super.end();
    this.#uncount();
  }

  #uncount(): void {
    if (this.#counted) this.client.pool.counters[BLOCKED_CLIENTS]--;
    this.#counted = false;
  }

  /**
   * CLIENT UNBLOCK of another client.
   * @param text what it is answered with, null = as if its time were over
   * @returns the server and the id of the connection there that has to be unblocked; true when it
   * is unblocked already, false when it is not blocked
   */
  unblock(text: Buffer | null): { readonly server: Server; readonly id: string } | boolean {
    if (this.waitsForLease) return this.stopWaiting(text ?? nilArray(this.lane.resp));
    const id = this.runs ? ServerId.known(this.connection) : null;
    return id === null ? false : { server: this.leasedFrom, id };
  }

  /** An UNBLOCK for it is on its way. @returns to be called when it has been answered */
  onUnblocking(): () => void {
    this.#unblocking++;
    return () => {
      this.#unblocking--;
    };
  }
}
