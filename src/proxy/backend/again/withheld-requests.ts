import { HOPS_KEPT } from '../../../limits.ts';
import { RECORD_INFO, RECORD_LENGTH, RECORD_START, WHOLE } from '../../../protocol/frame-table.ts';
import type { Engine } from '../../engine/engine.ts';
import type { InFlightEntry } from '../in-flight.ts';
import { failEntry } from '../lost-requests.ts';
import { EXECUTED, NOT_EXECUTED_REPLICA, REPEAT_NEVER, REPEAT_READ } from '../server-protocol.ts';
import type { KeptRequests } from './kept-requests.ts';
import type { Redirection } from './redirections.ts';
import type { RequestMover } from './request-mover.ts';
import { clientOf, type SavedRequest, slotOf } from './saved-requests.ts';
import { type AskedConnection, RequestsAside } from './set-aside.ts';

const ERROR_TYPE = 0x2d; // '-'
const NO_CLIENT = -1;

/** The connection, as its withheld requests see it. */
export interface WithholdingConnection extends AskedConnection {
  /** It is sent nothing more. */
  stopSending(): void;
}

interface Withheld extends SavedRequest {
  /** What the server said, for a client whose request cannot wait any more. */
  readonly error: Buffer;
  /** Its client was told that, or has taken it back: it is in the order, and not sent again. */
  gone: boolean;
}

/**
 * Requests of one connection that the server says not to have executed. They are collected until
 * everything that was written is answered, and then sent again in their order. A client of which
 * a later request was executed meanwhile is told what the server said: its requests would be
 * executed in another order.
 */
export class WithheldRequests {
  readonly #engine: Engine;
  readonly #connection: WithholdingConnection;
  readonly #kept: KeptRequests;
  readonly #byClient: Map<number, Withheld[]> = new Map();
  #order: Withheld[] = [];
  /** How often a request in flight was sent on, by where it begins in the stream. */
  readonly #hops: Map<number, number> = new Map();
  readonly #aside: RequestsAside;
  /** The server is a replica: it executes no writes, and what is read there may be old. */
  #demoted: Buffer | null = null;
  /** Requests are withheld: every further reply is looked at. */
  active = false;

  constructor(engine: Engine, connection: WithholdingConnection, kept: KeptRequests) {
    this.#engine = engine;
    this.#connection = connection;
    this.#kept = kept;
    this.#aside = new RequestsAside(engine, connection);
  }

  /** Whether the reply to the oldest request has to be looked at. */
  wants(info: number): boolean {
    return this.active || this.#aside.active || (info & 0xff) === ERROR_TYPE;
  }

  /**
   * Looks at the reply to the oldest request, which is described by the record.
   * @returns true when the request is withheld: its reply goes nowhere, its entry is gone
   */
  take(record: number): boolean {
    const { words, memory } = this.#engine;
    const { inFlight, owner } = this.#connection;
    const { protocol } = owner.pool;
    const info = words[record + RECORD_INFO];
    const start = words[record + RECORD_START];
    const length = words[record + RECORD_LENGTH];
    const isError = (info & WHOLE) === WHOLE && (info & 0xff) === ERROR_TYPE;
    const refusal = isError ? protocol.refusal(memory, start, length) : EXECUTED;
    const entry = inFlight.headEntry;
    const redirection =
      isError && refusal === EXECUTED ? this.#redirectionOf(entry, start, length) : null;
    // Behind others of its client that are withheld it keeps its place.
    const isBehind = redirection !== null && this.#byClient.has(clientOf(entry));
    const isRefused = refusal !== EXECUTED || isBehind;
    const bytes = this.#repeatable(entry, isRefused, info);
    if (bytes === null || (!this.active && !owner.onRefusal())) {
      if (this.active) this.#onExecuted(clientOf(entry));
      if (redirection !== null) this.#move(entry, redirection);
      // EXEC that is refused carries nothing out.
      else if (refusal === EXECUTED && !(isError && entry.target?.blockSlot !== undefined)) {
        this.#aside.onExecuted(entry);
      }
      return redirection !== null;
    }
    const said = redirection === null ? null : (owner.pool.mover?.refuse(redirection) ?? null);
    const error = isError ? Buffer.from(memory.subarray(start, start + length)) : this.#demoted;
    if (refusal === NOT_EXECUTED_REPLICA) this.#demoted ??= error;
    inFlight.shift();
    this.#add({ entry, bytes, error: (said ?? error) as Buffer, gone: false });
    if (this.active) return true;
    this.active = true;
    this.#connection.stopSending();
    return true;
  }

  /** @returns where a node of a cluster sends the oldest request; null when it does not */
  #redirectionOf(entry: InFlightEntry, start: number, length: number): Redirection | null {
    const { pool } = this.#connection.owner;
    const { mover, protocol } = pool;
    if (mover === null || clientOf(entry) === NO_CLIENT || entry.target?.several) return null;
    const redirection = protocol.slots?.redirection(this.#engine.memory, start, length) ?? null;
    if (redirection === null || redirection.slot < 0) return redirection;
    const bytes = this.#kept.copy(entry.offset, entry.bytes);
    // What names another slot was not said about this request.
    const isIts = bytes === null || redirection.slot === slotOf(pool, entry, bytes);
    return isIts ? redirection : null;
  }

  /** The oldest request goes elsewhere, or its client has an error. */
  #move(entry: InFlightEntry, redirection: Redirection): void {
    const { inFlight, owner } = this.#connection;
    const { mover } = owner.pool;
    if (mover === null) return;
    const bytes = this.#kept.copy(entry.offset, entry.bytes);
    const hops = this.#hops.get(entry.offset) ?? 0;
    this.#hops.delete(entry.offset);
    // Before it is sent anywhere: whatever happens there, it is answered once.
    inFlight.shift();
    let error: Buffer | null;
    if (bytes === null) error = mover.learn(this.#connection, redirection);
    else if (slotOf(owner.pool, entry, bytes) < 0) error = mover.refuse(redirection);
    else error = this.#sendOn(mover, { entry, bytes, hops }, redirection);
    if (error !== null) failEntry(this.#engine, this.#connection, entry, error);
  }

  /** @returns null, or what its client is told */
  #sendOn(mover: RequestMover, request: SavedRequest, redirection: Redirection): Buffer | null {
    if (!this.#aside.concerns(request)) {
      return mover.redirect(this.#connection, request, redirection);
    }
    if (this.#aside.add({ ...request, redirection })) return null;
    // Others for its slot need not be sent there; a script says what it likes.
    const { protocol } = this.#connection.owner.pool;
    const isFixed = protocol.repeatable(request.bytes) === REPEAT_NEVER;
    return isFixed ? mover.refuse(redirection) : mover.learn(this.#connection, redirection);
  }

  /** The request that is sent next was sent on so often. */
  noteHops(hops: number): void {
    if (this.#hops.size >= HOPS_KEPT) this.#forgetHops();
    this.#hops.set(this.#kept.next, hops);
  }

  /** Those of answered requests: the first ones, in the order of the stream. */
  #forgetHops(): void {
    const { count, headOffset } = this.#connection.inFlight;
    const bytes = count === 0 ? 0 : (this.#kept.next - headOffset) >>> 0;
    for (const at of this.#hops.keys()) {
      if ((at - headOffset) >>> 0 < bytes) break;
      this.#hops.delete(at);
    }
  }

  /** @returns the request, if it is to be sent again */
  #repeatable(entry: InFlightEntry, refused: boolean, info: number): Buffer | null {
    const mayBeOld = this.#demoted !== null && (info & WHOLE) === WHOLE;
    if (!refused && !mayBeOld) return null;
    const { config, protocol } = this.#connection.owner.pool;
    const age = (this.#engine.micros - entry.arrived) | 0;
    if (clientOf(entry) === NO_CLIENT || age >= config.failoverWaitMs * 1000) return null;
    const bytes = this.#kept.copy(entry.offset, entry.bytes);
    if (bytes === null) return null;
    const repeat = protocol.repeatable(bytes);
    return repeat === REPEAT_READ || (refused && repeat !== REPEAT_NEVER) ? bytes : null;
  }

  #add(withheld: Withheld): void {
    const client = clientOf(withheld.entry);
    for (const { redirection, touched: _, ...before } of this.#aside.takeOf(client)) {
      this.#put(client, { ...before, error: this.#aside.refusalOf(redirection), gone: false });
    }
    this.#put(client, withheld);
  }

  #put(client: number, withheld: Withheld): void {
    const others = this.#byClient.get(client);
    if (others === undefined) this.#byClient.set(client, [withheld]);
    else others.push(withheld);
    this.#order.push(withheld);
  }

  /** A request of the client, behind those that are withheld, may have been executed. */
  #onExecuted(client: number): void {
    const withheld = this.#byClient.get(client);
    if (withheld === undefined) return;
    this.#byClient.delete(client);
    for (const each of withheld) {
      each.gone = true;
      failEntry(this.#engine, this.#connection, each.entry, each.error);
    }
  }

  /** The plain requests of `client` from `slot` on are not to be sent again. @returns how many */
  disown(client: number, slot: number): number {
    const aside = this.#aside.disown(client, slot);
    const withheld = this.#byClient.get(client);
    if (withheld === undefined) return aside;
    const left = withheld.filter((each) => {
      const { entry } = each;
      each.gone = entry.clientId === client && ((entry.slot - slot) | 0) >= 0;
      return !each.gone;
    });
    this.#byClient.set(client, left);
    return aside + withheld.length - left.length;
  }

  /** Adds the clients that are named in what is withheld. */
  collectClients(ids: Set<number>): void {
    for (const { entry, gone } of this.#order)
      if (!gone && entry.clientId >= 0) ids.add(entry.clientId);
    this.#aside.collectClients(ids);
  }

  /** Replies have been handed out. */
  goOn(): void {
    if (this.#aside.active) this.#aside.goOn();
  }

  /** What is set aside of a client goes now: a block that it has sent behind it is to wait. */
  goOnOf(client: number): void {
    this.#aside.goOnOf(client);
  }

  /** A reply to the client stands still until what it has asked before is answered. */
  onHeldUp(client: number): void {
    this.#aside.onHeldUp(client);
  }

  /** What is still withheld, each client's in its order; from here on nothing is. */
  takeAll(): SavedRequest[] {
    const left = [...this.#aside.takeAll(), ...this.#order.filter(({ gone }) => !gone)];
    this.#order = [];
    this.#byClient.clear();
    this.active = false;
    return left;
  }

  /** The connection is lost: so are the requests in flight, which may have been executed. */
  onLost(entries: readonly InFlightEntry[]): void {
    for (const entry of entries) this.#aside.onExecuted(entry);
    if (this.#demoted !== null) return;
    for (const entry of entries) this.#onExecuted(clientOf(entry));
  }

  /** Nothing can be sent again: everybody is told what the server said. */
  giveUp(): void {
    this.#aside.giveUp();
    for (const client of [...this.#byClient.keys()]) this.#onExecuted(client);
    this.#order = [];
    this.active = false;
  }
}
