import type { PoolConfig } from '../../../config/index.ts';
import {
  REDIRECTION_PAUSE_MS,
  REDIRECTIONS,
  REDIRECTIONS_AT_ONCE,
  SLOT_RETRY_MAX_MS,
  SLOT_RETRY_MS,
} from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import {
  type PoolCounters,
  REDIRECTED_ASK,
  REDIRECTED_MOVED,
  REDIRECTED_RETRY,
} from '../../../stats/counters.ts';
import {
  type Redirection,
  SLOT_ASK,
  SLOT_MOVED,
  SLOT_SPLIT,
} from '../../backend/again/redirections.ts';
import {
  addressIn,
  type Redirecting,
  type RedirectingConnection,
  type RequestHeir,
  type RequestMover,
} from '../../backend/again/request-mover.ts';
import {
  clientOf,
  placeOf,
  type SavedRequest,
  slotOf,
} from '../../backend/again/saved-requests.ts';
import {
  FAILURE_INTERNAL,
  FAILURE_REFUSED,
  type Failure,
  failureOf,
  UNOWNED,
} from '../../backend/failure.ts';
import { SWALLOWED } from '../../backend/in-flight.ts';
import { failEntry } from '../../backend/lost-requests.ts';
import { REPEAT_NEVER, type SlotProtocol } from '../../backend/server-protocol.ts';
import type { Engine } from '../../engine/engine.ts';
import { type LaneKey, type Lanes, laneKey } from '../lanes.ts';
import type { PoolProtocol } from '../protocol.ts';
import type { Server } from '../server.ts';
import type { ClusterSlots } from './cluster-slots.ts';
import { SentOn } from './sent-on.ts';
import {
  type Held,
  type Toward,
  type WaitingRequest,
  WaitingRequests,
} from './waiting-requests.ts';

/** The pool whose requests are moved. */
export interface MovedPool {
  readonly engine: Engine;
  readonly config: PoolConfig;
  readonly protocol: PoolProtocol & { readonly slots: SlotProtocol };
  readonly servers: readonly Server[];
  readonly lanes: Lanes;
  readonly counters: PoolCounters;
  /** Index of the server of requests without a key, or NO_SERVER. */
  placeholderServer(): number;
  /** A node knows more than the map: it should be asked. */
  onHint(server: { readonly name: string }): void;
  /** Requests wait. */
  onHeld(server: number): void;
}

/**
 * Sends the requests of a Redis Cluster where their slots are: those that a node has redirected,
 * and those whose connection is lost. Each is sent on for `failover_wait` at most, and from the
 * third time on after a pause. What it waits for, or what it goes by, its client's later requests
 * wait for too.
 */
export class RequestMoves implements RequestMover {
  readonly #pool: MovedPool;
  readonly #slots: ClusterSlots;
  readonly #waiting: WaitingRequests;
  readonly #sentOn: SentOn = new SentOn();

  constructor(pool: MovedPool, slots: ClusterSlots) {
    this.#pool = pool;
    this.#slots = slots;
    this.#waiting = new WaitingRequests(pool.engine, {
      title: `pool ${pool.config.name}`,
      pool,
      mayGo: (request) => this.#isInTurn(request) || this.#isLate(request),
      again: (waiting) => this.#try(waiting.request, () => this.#again(waiting)),
      giveUp: (request) => this.#fail(request, failureOf(FAILURE_REFUSED)),
    });
  }

  /** Requests that wait for their slot. */
  get waiting(): number {
    return this.#waiting.count;
  }

  redirect(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
  ): Buffer | null {
    try {
      return this.#redirect(from, request, redirection);
    } catch (error) {
      this.#note(error);
      return this.refuse(redirection);
    }
  }

  #note(error: unknown): void {
    const { engine, config } = this.#pool;
    engine.guard.note(`pool ${config.name}: a request is not sent on`, error);
  }

  #redirect(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
  ): Buffer | null {
    const { kind } = redirection;
    const hops = request.hops ?? 0;
    const isElsewhere = kind === SLOT_MOVED || kind === SLOT_ASK;
    const goesAtOnce = isElsewhere && hops < REDIRECTIONS_AT_ONCE;
    const isFixed = this.#pool.protocol.repeatable(request.bytes) === REPEAT_NEVER;
    const isOver = this.#isLate(request) && !goesAtOnce;
    if (isFixed && (isOver || hops >= REDIRECTIONS)) return this.refuse(redirection);
    if (isOver) return this.learn(from, redirection);
    const moved = { ...request, hops: hops + 1 };
    // Nobody knows where what it asks next would meet this one.
    this.#pool.engine.clients[clientOf(request.entry)]?.barrier();
    if (kind === SLOT_MOVED) return this.#onMoved(from, moved, redirection, isFixed);
    if (kind === SLOT_ASK) return this.#onAsk(from, moved, redirection, isFixed);
    this.#pool.counters[REDIRECTED_RETRY]++;
    if (kind !== SLOT_SPLIT) this.#pool.onHint(from.owner);
    const ms = Math.min(SLOT_RETRY_MAX_MS, SLOT_RETRY_MS << Math.min(hops, 8));
    return this.#wait(from, moved, redirection, ms);
  }

  /** What its client has asked before, and another node was sent, is answered. */
  #isInTurn({ entry, after = null }: SavedRequest): boolean {
    return (
      after === null || (this.#pool.engine.clients[clientOf(entry)]?.isAnswered(after) ?? true)
    );
  }

  /** It is not sent on now. @param ms that it has to rest */
  #mustWait(request: SavedRequest, ms: number): boolean {
    return ms > 0 || this.#waiting.has(clientOf(request.entry));
  }

  /** It has waited enough. */
  #isLate({ entry }: SavedRequest): boolean {
    const { engine, config } = this.#pool;
    return ((engine.micros - entry.arrived) | 0) >= config.failoverWaitMs * 1000;
  }

  /** @param isFixed it can say what it likes, which changes nothing for others */
  #onMoved(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
    isFixed: boolean,
  ): Buffer | null {
    this.#pool.counters[REDIRECTED_MOVED]++;
    this.#pool.onHint(from.owner);
    const address = addressIn(from, redirection);
    const slots = this.#slots;
    const target = isFixed ? slots.serverAt(address) : slots.moveSlot(redirection.slot, address);
    if (target === null) return this.#awaitNode(from, request, redirection);
    const ms = this.#pauseMs(request, isFixed);
    // The others of its slot go where that is by then.
    const toward = isFixed ? { redirection, address } : null;
    if (this.#mustWait(request, ms)) return this.#wait(from, request, redirection, ms, toward);
    this.#send(request, target, laneKey(from.lane), toward);
    return null;
  }

  /**
   * How long it rests before it is sent on again. What may be a script's own word is followed a few
   * times only: these are spread over all the time that it has.
   */
  #pauseMs({ hops = 0 }: SavedRequest, isFixed: boolean): number {
    const more = hops - REDIRECTIONS_AT_ONCE;
    if (more <= 0) return 0;
    if (isFixed) return this.#pool.config.failoverWaitMs >> (REDIRECTIONS + 1 - hops);
    return Math.min(SLOT_RETRY_MAX_MS, REDIRECTION_PAUSE_MS << Math.min(more - 1, 8));
  }

  #onAsk(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
    isFixed: boolean,
  ): Buffer | null {
    this.#pool.counters[REDIRECTED_ASK]++;
    const address = addressIn(from, redirection);
    const target = this.#slots.serverAt(address);
    if (target === null) return this.#awaitNode(from, request, redirection);
    this.#slots.asks(target);
    const ms = this.#pauseMs(request, isFixed);
    const toward = { redirection, address };
    if (this.#mustWait(request, ms)) return this.#wait(from, request, redirection, ms, toward);
    this.#send(request, target, laneKey(from.lane), toward);
    return null;
  }

  /** It was sent to a node that is not known yet: a new one is, in a moment. */
  #awaitNode(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
  ): Buffer | null {
    this.#pool.onHint(from.owner);
    const again = { ...request, hops: (request.hops ?? 1) - 1 };
    const toward = { redirection, address: addressIn(from, redirection) };
    return this.#wait(from, again, redirection, 2 * REDIRECTION_PAUSE_MS, toward);
  }

  #wait(
    from: RedirectingConnection,
    request: SavedRequest,
    redirection: Redirection,
    ms: number,
    toward: Toward | null = null,
  ): Buffer | null {
    const lane = laneKey(from.lane);
    return this.#waiting.add(request, lane, ms, toward) ? null : this.refuse(redirection);
  }

  learn(from: Redirecting, redirection: Redirection): Buffer {
    if (redirection.kind === SLOT_MOVED) {
      this.#pool.counters[REDIRECTED_MOVED]++;
      this.#slots.moveSlot(redirection.slot, addressIn(from, redirection));
    }
    this.#pool.onHint(from.owner);
    return this.refuse(redirection);
  }

  /** The server that a request is to be asked of by ASK; null when no such node is known. */
  askedServer(from: RedirectingConnection, redirection: Redirection): Server | null {
    return this.#slots.serverAt(addressIn(from, redirection));
  }

  refuse({ kind, slot }: Redirection): Buffer {
    return this.#pool.protocol.slots.failure(kind, slot);
  }

  #again({ request, lane, toward }: WaitingRequest): void {
    if (!this.#isInTurn(request)) this.#failSplit(request);
    else if (this.#waiting.isBehind(request)) this.#waitAgain(request, lane, toward);
    else if (toward === null) this.#resend(request, lane);
    else this.#sendToward(request, lane, toward);
  }

  #sendToward(request: SavedRequest, lane: LaneKey, toward: Toward): void {
    // What its client has asked behind it goes the same way, and must not come before it.
    const { redirection, address } = toward;
    const { engine, protocol } = this.#pool;
    const target = this.#slots.serverAt(address);
    if (target !== null) {
      const isAsk = redirection.kind === SLOT_ASK;
      const isFixed = protocol.repeatable(request.bytes) === REPEAT_NEVER;
      if (!isAsk && !isFixed) this.#slots.moveSlot(redirection.slot, address);
      this.#send(request, target, lane, isAsk || isFixed ? toward : null);
      return;
    }
    const ms = 2 * REDIRECTION_PAUSE_MS;
    if (!this.#isLate(request) && this.#waiting.add(request, lane, ms, toward)) return;
    failEntry(engine, this.#waiting, request.entry, this.refuse(redirection));
  }

  /** It could go but for others of its client. */
  #waitAgain(request: SavedRequest, lane: LaneKey, toward: Toward | null): void {
    if (!this.#waiting.add(request, lane, 0, toward)) this.#failSplit(request);
  }

  /** What it waits for is not answered in time. */
  #failSplit({ entry, bytes }: SavedRequest): void {
    const slot = slotOf(this.#pool, entry, bytes);
    const { slots } = this.#pool.protocol;
    failEntry(this.#pool.engine, this.#waiting, entry, slots.failure(SLOT_SPLIT, slot));
  }

  /**
   * Sends requests whose connection is lost where their slots are now.
   * @param server that they were for: those without a key still are, while it is in the pool
   */
  heir(from: LaneKey, server: Server | null = null): RequestHeir {
    const lane = laneKey(from);
    return {
      adopt: (requests) => {
        for (const each of requests) this.#try(each, () => this.#resendBehind(each, lane, server));
      },
    };
  }

  /** Behind what its client has waiting. */
  #resendBehind(request: SavedRequest, lane: LaneKey, server: Server | null): void {
    if (!this.#waiting.has(clientOf(request.entry))) this.#resend(request, lane, server);
    else if (!this.#waiting.add(request, lane, 0, null)) this.#fail(request, UNOWNED);
  }

  /** A block of the client's waits for its slot: what it has asked behind it waits, too. */
  hold(client: number, block: Held): void {
    this.#waiting.hold(client, block);
  }

  /** Whether nothing waits that the client has asked before the block. */
  isNext(client: number, block: Held): boolean {
    return this.#waiting.isNext(client, block);
  }

  /** A block that was held has gone, or is given up. */
  release(client: number, block: Held): void {
    this.#waiting.release(client, block);
  }

  /** Nobody else knows of the request: with an exception it has an error, and others go on. */
  #try(request: SavedRequest, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#note(error);
      this.#fail(request, failureOf(FAILURE_INTERNAL));
    }
  }

  #resend(request: SavedRequest, lane: LaneKey, before: Server | null = null): void {
    // What it asked for in this special way is asked for anew.
    if (request.entry.target === SWALLOWED) return;
    const { servers } = this.#pool;
    const slot = slotOf(this.#pool, request.entry, request.bytes);
    if (slot < 0) {
      this.#resendWithoutKey(request, lane, before);
      return;
    }
    const index = this.#slots.serverOf(slot);
    if (index !== NO_SERVER) this.#send(request, servers[index], lane);
    else if (this.#isLate(request) || !this.#waiting.add(request, lane, SLOT_RETRY_MAX_MS, null)) {
      this.#fail(request, UNOWNED);
    }
  }

  /** Any server will do, unless it was asked of this one. */
  #resendWithoutKey(request: SavedRequest, lane: LaneKey, before: Server | null): void {
    const { servers } = this.#pool;
    const isAny = request.entry.target === null;
    const index = isAny ? this.#pool.placeholderServer() : (before?.index ?? NO_SERVER);
    if (index >= 0 && index !== NO_SERVER) this.#send(request, servers[index], lane);
    else this.#fail(request, failureOf(FAILURE_REFUSED));
  }

  /** @param toward where it was sent on to; null = the server is that of its slot, or of none */
  #send(request: SavedRequest, server: Server, key: LaneKey, toward: Toward | null = null): void {
    const { lanes, protocol } = this.#pool;
    const lane = lanes.again(key);
    const client = Math.max(0, clientOf(request.entry));
    const connection = lane < 0 ? null : server.connectionFor(client, lane);
    if (connection === null) {
      this.#fail(request, server.lastFailure);
      return;
    }
    const after = this.#noteSent(request, connection);
    const isAsk = toward?.redirection.kind === SLOT_ASK;
    if (after !== null) this.#waitAgain({ ...request, after }, key, toward);
    else connection.adopt([request], isAsk ? protocol.slots.asking : undefined);
  }

  /** @returns the place of one that it has to wait for; null = it is sent there now */
  #noteSent({ entry, bytes }: SavedRequest, connection: object): number | null {
    const client = this.#pool.engine.clients[clientOf(entry)];
    const slot = slotOf(this.#pool, entry, bytes);
    const place = placeOf(entry);
    if (!client || slot < 0 || place === null) return null;
    const after = this.#sentOn.before(client, slot, place, connection);
    if (after === null) this.#sentOn.add(client, slot, place, connection);
    return after;
  }

  #fail({ entry }: SavedRequest, failure: Failure): void {
    const { engine, protocol } = this.#pool;
    failEntry(engine, this.#waiting, entry, protocol.failure(failure));
  }

  /** Slots have other owners: what waits is tried now. */
  hurry(): void {
    this.#waiting.hurry();
  }

  close(): void {
    this.#waiting.close();
  }
}
