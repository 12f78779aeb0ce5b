import { routeKey } from '../../../../distribution/route.ts';
import { NO_SERVER } from '../../../../protocol/frame-table.ts';
import { encodeRequest, nilArray } from '../../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../../protocol/redis/replies/replies.ts';
import { errorOf } from '../../../../protocol/redis/replies/reply-parts.ts';
import type { CommandSpec } from '../../../../protocol/redis/table/commands.ts';
import { keyWords } from '../../../../protocol/redis/table/key-words.ts';
import { BLOCKED_CLIENTS, FORWARD_ERROR, LEASES_REFUSED } from '../../../../stats/counters.ts';
import type { Claim } from '../../../client/claims.ts';
import type { ClientConnection } from '../../../client/client-connection.ts';
import type { Detour } from '../../../client/session/detour.ts';
import { type Kept, NOTHING_MORE } from '../../../client/stored-reply.ts';
import { millis } from '../../../engine/clock.ts';
import type { Timed } from '../../../engine/deadlines.ts';
import { laneOf } from '../../../pool/lanes.ts';
import type { Server } from '../../../pool/server.ts';
import { copyOf, type SpecialRequest } from '../../../routing/request.ts';
import { failureReply, INVALID } from '../../failure-reply.ts';
import { type BlockTime, withTimeLeft, wordsOfKept } from './block-time.ts';
import { joinStreams } from './joined-streams.ts';
import { LastIds } from './last-ids.ts';
import { StreamPart } from './stream-part.ts';
import { type Settle, unblocked } from './unblock-order.ts';

const WAITS = 0;
const RUNS = 1;
const OVER = 2;

/** XREAD or XREADGROUP with BLOCK, whose streams are on several servers. @param error else */
export function fanOut(
  request: SpecialRequest,
  spec: CommandSpec,
  time: BlockTime,
  error: Buffer,
): true {
  const { client } = request;
  const kept = copyOf(request);
  const words = wordsOfKept(kept);
  // No server knows what the others have.
  const { boundsAll } = keyWords(spec, words.length, (i) => words[i].toString('latin1'));
  if (boundsAll) client.answer(error);
  else new StreamFanOut(client, kept, spec, time).advance();
  return true;
}

/** The streams of one server. */
interface Share {
  readonly server: Server;
  readonly request: Buffer;
}

/**
 * A request that waits at several servers at once, over a connection to each. The first that says
 * something ends it: the others are asked to stop, and what they have by then is in the reply. What
 * a server has given is never dropped for the sake of what another says.
 */
export class StreamFanOut implements Detour, Timed, Kept {
  readonly client: ClientConnection;
  readonly claim: Claim;
  readonly #spec: CommandSpec;
  #request: Buffer;
  time: BlockTime;
  readonly lastIds: LastIds | null;
  #state = WAITS;
  #parts: StreamPart[] = [];
  #keptBytes = 0;
  /** When its time is over; Infinity = never, or nobody knows. */
  #until = Infinity;
  #leaseUntil = 0;
  /** It is to go on elsewhere, if nothing has come. */
  #moves = false;
  /** Hears whether it was unblocked. */
  #onUnblocked: Settle | null = null;
  /** What it is answered with when it was, and nothing has come; null = a nil. */
  #unblockedWith: Buffer | null = null;
  timerAt = 0;

  constructor(client: ClientConnection, request: Buffer, spec: CommandSpec, time: BlockTime) {
    this.client = client;
    this.claim = client.claims.claim();
    this.#request = request;
    this.#spec = spec;
    this.time = time;
    this.lastIds = LastIds.of(spec);
    client.session.detour = this;
    client.barrier();
    this.claim.keep(NOTHING_MORE, request.length);
  }

  get blocked(): boolean {
    return this.#state === RUNS || this.rest !== null;
  }

  get unheard(): boolean {
    return this.claim.unheard;
  }

  advance(): void {
    if (this.#state !== WAITS || !this.claim.isNext || this.client.moving) return;
    const { pool, session } = this.client;
    const shares = this.#shares();
    if (shares === null) {
      this.#end();
      this.claim.deliver(failureReply(pool.nowhere));
      return;
    }
    this.#state = RUNS;
    session.leased = true;
    pool.counters[BLOCKED_CLIENTS]++;
    this.#until = millis() + this.time.lasts;
    const { leaseWaitMs } = pool.config;
    this.#leaseUntil = millis() + Math.min(leaseWaitMs, this.time.patience);
    this.#parts = shares.map(({ server, request }) => new StreamPart(this, server, request));
    for (const part of this.#parts) if (part.waits) this.#lease(part);
    if (this.#parts.some(({ waits }) => waits)) pool.engine.deadlines.arm(this, this.#leaseUntil);
  }

  #lease(part: StreamPart): void {
    const { router, pool } = this.client;
    if (router.lease(part)) return;
    pool.counters[FORWARD_ERROR]++;
    part.settle(failureReply(router.reason));
  }

  #serverOf(stream: Buffer): Server | null {
    const { engine, descriptor, servers } = this.client.pool;
    const index = routeKey(stream, 0, stream.length, engine.words, descriptor);
    return index === NO_SERVER ? null : servers[index];
  }

  /** @returns what each server is asked; null when no server has one of the keys */
  #shares(): Share[] | null {
    const words = wordsOfKept(this.#request);
    const { keys } = keyWords(this.#spec, words.length, (i) => words[i].toString('latin1'));
    const places: Map<Server, number[]> = new Map();
    for (const key of keys) {
      const server = this.#serverOf(words[key]);
      if (server === null) return null;
      const known = places.get(server);
      if (known === undefined) places.set(server, [key]);
      else known.push(key);
    }
    const head = words.slice(0, keys[0]);
    return [...places].map(([server, own]) => {
      const ids = own.map((key) => words[key + keys.length]);
      return { server, request: encodeRequest([...head, ...own.map((key) => words[key]), ...ids]) };
    });
  }

  // --- what the servers say --------------------------------------------------------------------

  /** A server said something, or will not. */
  onSettled(): void {
    if (this.#state !== RUNS) return;
    if (this.#parts.every(({ over }) => over)) this.#finish();
    else this.#stop();
  }

  /** All are to say what they have. */
  #stop(): void {
    const { resp } = laneOf(this.client);
    for (const part of this.#parts) {
      if (this.#state !== RUNS) return;
      part.interrupt(nilArray(resp));
    }
  }

  /** @returns a copy, null when no more may be kept */
  keep(start: number, length: number): Buffer | null {
    const { pool, pipeline } = this.client;
    if (this.claim.closed || this.#keptBytes + length > pool.config.clientOutputLimit) return null;
    this.#keptBytes += length;
    pipeline.keep(this, length);
    return pool.engine.copyOf(start, length);
  }

  #finish(): void {
    const said = this.#parts.map(({ reply }) => reply);
    const nil = nilArray(laneOf(this.client).resp);
    const data = said.filter((reply) => errorOf(reply) === null && !reply.equals(nil));
    const error = said.find((reply) => errorOf(reply) !== null) ?? null;
    this.#onUnblocked?.(unblocked(data.length === 0));
    const wasUnblocked = this.#onUnblocked !== null;
    this.#onUnblocked = null;
    const { leaves } = this.client;
    const nothing = !wasUnblocked && data.length === 0 && error === null;
    if (nothing && (this.#moves || leaves) && this.#until > millis()) {
      if (leaves) this.#endUnanswered();
      else this.#goOnElsewhere();
      return;
    }
    this.#end();
    // What cannot be passed on is told: it may be noted as delivered.
    const dropped = said.find((reply) => reply === replies.REPLY_TOO_LARGE);
    if (dropped !== undefined) this.claim.deliver(dropped);
    else if (data.length > 0) this.claim.deliver(this.#join(data));
    else this.claim.deliver((wasUnblocked ? this.#unblockedWith : error) ?? error ?? nil);
  }

  #join(data: readonly Buffer[]): Buffer {
    const words = wordsOfKept(this.#request);
    const { keys } = keyWords(this.#spec, words.length, (i) => words[i].toString('latin1'));
    return (
      joinStreams(
        data,
        keys.map((key) => words[key].toString('latin1')),
      ) ?? INVALID
    );
  }

  /** Its client is closed. */
  #endUnanswered(): void {
    this.#end();
    this.claim.leaveOut();
    this.client.stopReading();
  }

  #goOnElsewhere(): void {
    const lasts = this.#until === Infinity ? Infinity : Math.max(1, this.#until - millis());
    const { patience } = this.time;
    this.time = { lasts, patience: patience === Infinity ? Infinity : lasts };
    const request = this.lastIds?.in(this.#request, (stream) => this.#serverOf(stream));
    this.#request = withTimeLeft(request ?? this.#request, this.#spec, lasts);
    this.#settleParts();
    this.#state = WAITS;
    this.#moves = false;
    this.advance();
    this.client.onAnswered();
  }

  /** Nothing of what servers were asked is kept any more. */
  #settleParts(): void {
    const { pool, pipeline } = this.client;
    pool.engine.deadlines.forget(this);
    this.#leaseUntil = 0;
    pipeline.release(this, this.#keptBytes);
    this.#keptBytes = 0;
    if (this.#state === RUNS) pool.counters[BLOCKED_CLIENTS]--;
    this.#parts = [];
  }

  #end(): void {
    const { session } = this.client;
    if (session.detour === this) session.detour = null;
    this.#settleParts();
    this.#state = OVER;
  }

  // --- time, and other places ------------------------------------------------------------------

  nextDeadline(): number {
    return this.#leaseUntil;
  }

  /** No connection has come free in time. */
  onDeadline(): void {
    const { protocol, pool } = this.client;
    this.#leaseUntil = 0;
    for (const part of this.#parts.filter(({ waits }) => waits)) {
      pool.counters[LEASES_REFUSED]++;
      part.interrupt(protocol.noLease(part.leasedFrom.name));
    }
  }

  onException(error: unknown): void {
    this.client.onException(error);
  }

  reroute(): void {
    if (this.#state !== RUNS) return;
    const servers = (this.#shares() ?? []).map(({ server }) => server);
    const isSame =
      servers.length === this.#parts.length &&
      this.#parts.every(({ leasedFrom }) => servers.includes(leasedFrom));
    if (!isSame) this.#move();
  }

  part(): void {
    if (this.#state === RUNS) this.#move();
  }

  endSoon(): void {
    if (this.#state === RUNS) {
      this.#stop();
      for (const part of this.#parts) part.hurry();
    } else if (this.rest !== null) {
      this.#endUnanswered();
    }
  }

  #move(): void {
    this.#moves = true;
    this.#stop();
  }

  get rest(): Buffer | null {
    const isHere = this.#state !== WAITS || !this.client.moving || !this.claim.isNext;
    return isHere ? null : this.#request;
  }

  /** CLIENT UNBLOCK of another client. @param text what it is answered with, null = a nil */
  unblock(text: Buffer | null, settle: Settle): void {
    if (this.#state !== RUNS || this.#onUnblocked !== null) {
      settle(unblocked(false));
      return;
    }
    this.#onUnblocked = settle;
    this.#unblockedWith = text;
    this.#stop();
  }

  drop(): void {
    if (this.#state === OVER) return;
    const parts = this.#parts;
    this.#onUnblocked?.(unblocked(false));
    this.#onUnblocked = null;
    this.#end();
    for (const part of parts) part.drop();
    this.claim.forget();
  }
}
