import { type SendOwner, SendQueue } from '../../net/send-queue.ts';
import { RECORD_DEST, RECORD_INFO } from '../../protocol/frame-table.ts';
import { REQUEST_BYTES, REQUESTS, REQUESTS_RESENT } from '../../stats/counters.ts';
import { CLASS_MULTI, CLASS_OTHER, NO_SERIES } from '../../stats/latency.ts';
import type { Engine } from '../engine/engine.ts';
import type { Flushable } from '../engine/turn.ts';
import { KeptRequests } from './again/kept-requests.ts';
import type { SavedRequest } from './again/saved-requests.ts';
import {
  InFlight,
  type InFlightEntry,
  type ReplyTarget,
  type RequestHead,
  SWALLOWED,
} from './in-flight.ts';
import type { Lane } from './lane.ts';
import type { ConnectionOwner } from './owner.ts';
import type { RequestJoiner } from './request-joiner.ts';
import { SentRequests } from './sent-requests.ts';

/** The half of a connection to a server that requests go out by. */
export abstract class RequestSender implements SendOwner, Flushable {
  readonly owner: ConnectionOwner;
  readonly lane: Lane;
  readonly out: SendQueue;
  readonly inFlight: InFlight;
  protected readonly engine: Engine;
  protected readonly sent: SentRequests;
  readonly #classes: Uint8Array;
  readonly #measured: boolean;
  /** Null where requests are not kept until they are answered. */
  readonly kept: KeptRequests | null;
  flushPending = false;

  /** @param keeps requests are kept until they are answered */
  constructor(engine: Engine, owner: ConnectionOwner, lane: Lane, keeps: boolean) {
    const { pool } = owner;
    this.engine = engine;
    this.owner = owner;
    this.lane = lane;
    this.#classes = pool.protocol.classes;
    this.#measured = pool.latency !== null;
    this.inFlight = new InFlight(pool.notes !== null);
    this.out = new SendQueue(engine.slabs, engine.writer, this);
    this.sent = new SentRequests(this.out, this.inFlight);
    const { serverOutputLimit, maxAssembledRequest } = pool.config;
    // Whatever is assembled can be sent again, with as much behind it as may be queued.
    const most = serverOutputLimit + maxAssembledRequest;
    this.kept = keeps ? new KeptRequests(engine.slabs, most) : null;
    this.out.keeper = this.kept;
  }

  /** Makes lines of several requests; null where each goes out as it is. */
  abstract readonly joiner: RequestJoiner | null;
  abstract readonly closed: boolean;

  /** Sends a client's whole request, described by a record, during a walk. */
  sendRecord(record: number, start: number, length: number, client: number, slot: number): void {
    const { words } = this.engine;
    const command = words[record + RECORD_INFO] & 0xffff;
    const { joiner } = this;
    let at = joiner === null ? 0 : joiner.place(record, length);
    const inLine = at !== 0;
    if (!inLine) at = this.out.reserve(length);
    words[record + RECORD_DEST] = at;
    if (at === 0) this.out.copyFrom(start, length);
    const sent = inLine && joiner !== null ? joiner.added : length;
    this.#push(client, slot, this.#classes[command], sent);
    if (inLine) joiner?.noteKeys(1);
    this.inFlight.keepHead(this.engine.bytes, start, length);
    this.#sent(sent);
  }

  /** Sends a client's whole request from elsewhere in the arena. */
  sendFrom(
    start: number,
    length: number,
    client: number,
    slot: number,
    commandClass: number = CLASS_OTHER,
  ): void {
    this.engine.freshenClock();
    this.out.copyFrom(start, length);
    this.#push(client, slot, commandClass, length);
    this.inFlight.keepHead(this.engine.bytes, start, length);
    this.#sent(length);
  }

  /** Sends a client's whole request from the heap; it must not change any more. */
  sendBuffer(request: Buffer, client: number, slot: number, commandClass = CLASS_OTHER): void {
    this.engine.freshenClock();
    this.out.append(request);
    this.#push(client, slot, commandClass, request.length);
    this.inFlight.keepHead(request, 0, request.length);
    this.#sent(request.length);
  }

  /** Sends a whole request from the arena that the server will not answer. */
  sendUnanswered(start: number, length: number): void {
    this.out.copyFrom(start, length);
    this.engine.turn.markBackend(this);
    const { counters } = this.owner;
    counters[REQUESTS]++;
    counters[REQUEST_BYTES] += length;
    this.sent.addBytes(length);
  }

  /** Sends more of the body of the request that this connection is leased for. */
  sendBody(start: number, length: number): void {
    this.out.copyFrom(start, length);
    this.engine.turn.markBackend(this);
    this.sent.addBytes(length);
  }

  /**
   * `length` bytes were reserved or queued in `out`; their reply is for `target`.
   * @param head the client's request, as the slow log names it; null for ringway's own
   */
  sentFor(target: ReplyTarget, length: number, head: RequestHead | null): void {
    this.engine.freshenClock();
    const { now, micros } = this.engine;
    this.inFlight.pushTarget(target, now, micros, this.#series(CLASS_MULTI), length);
    if (this.kept !== null) this.inFlight.noteOffset(this.kept.advance(length));
    if (head !== null) this.inFlight.keepHead(head.bytes, head.start, head.length);
    this.#sent(length);
  }

  /**
   * As sentFor(), for what says nothing about how fast the server is: it may block. Neither the
   * latencies nor the slow log hear of it.
   */
  sentUnmeasured(target: ReplyTarget, length: number): void {
    this.engine.freshenClock();
    this.inFlight.pushTarget(target, this.engine.now, 0, NO_SERIES, length);
    if (this.kept !== null) this.inFlight.noteOffset(this.kept.advance(length));
    this.#sent(length);
  }

  #push(client: number, slot: number, commandClass: number, length: number): void {
    const { now, micros } = this.engine;
    this.inFlight.push(client, slot, now, micros, this.#series(commandClass), length);
    if (this.kept !== null) this.inFlight.noteOffset(this.kept.advance(length));
  }

  /**
   * Sends requests of another connection, in their order; their times go on. When something goes
   * wrong they have an error each: nobody else knows of them any more.
   */
  adopt(requests: readonly SavedRequest[], prefix: Buffer | null = null): void {
    this.owner.counters[REQUESTS_RESENT] += requests.length;
    const { inFlight } = this;
    const before = inFlight.pushed;
    this.engine.freshenClock();
    try {
      for (const request of requests) this.#adopt(request, prefix);
    } catch (error) {
      const pushed = (inFlight.pushed - before) | 0;
      this.onException(error);
      const lost = prefix === null ? pushed : pushed >> 1;
      for (const { entry } of requests.slice(lost)) this.failSaved(entry);
    }
  }

  #adopt({ entry, bytes, hops = 0 }: SavedRequest, prefix: Buffer | null): void {
    if (prefix !== null) this.#prefix(prefix);
    if (hops > 0) this.noteHops(hops);
    this.out.append(bytes);
    this.inFlight.putBack({ ...entry, time: this.engine.now });
    if (this.kept !== null) this.inFlight.noteOffset(this.kept.advance(bytes.length));
    const head = entry.head === null || entry.head.length === 0 ? bytes : entry.head;
    this.inFlight.keepHead(head, 0, head.length);
    this.#sent(bytes.length);
  }

  /** A request that was to be sent here, and is not in flight. */
  protected abstract failSaved(entry: InFlightEntry): void;

  /** The request that is sent next was sent on so often. */
  protected abstract noteHops(hops: number): void;

  #prefix(bytes: Buffer): void {
    this.out.append(bytes);
    this.inFlight.pushTarget(SWALLOWED, this.engine.now, 0, NO_SERIES, bytes.length);
    if (this.kept !== null) this.inFlight.noteOffset(this.kept.advance(bytes.length));
    this.#sent(bytes.length);
  }

  #series(commandClass: number): number {
    return this.#measured ? this.owner.firstSeries + commandClass : NO_SERIES;
  }

  /** The last step of sending: nothing after it can fail. */
  #sent(length: number): void {
    this.engine.turn.markBackend(this);
    this.sent.add(length);
  }

  /** Whether no request was sent in part, or without its entry in flight. */
  get isBalanced(): boolean {
    return this.closed || this.sent.isBalanced;
  }

  abstract onDrained(): void;
  abstract onException(error: unknown): void;
  abstract flush(): void;
  abstract writeOut(): void;
}
