import {
  TRACKED_BLOCK_BYTES,
  TRACKED_BLOCK_KEYS,
  TRACKED_CLIENT_BYTES,
  TRACKED_KEY_BYTES,
} from '../../../limits.ts';
import { TRACKING_CLIENTS } from '../../../stats/counters.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { ClientTracking, SavedTracking } from '../../client/session/tracking.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { KeyHearer } from './key-hearer.ts';
import { ALL_KEYS, type Keys } from './lines/push.ts';
import { Mailbox } from './mailbox.ts';
import type { TrackingOptions } from './options.ts';
import { Redirect } from './redirect.ts';
import type { Tracker } from './tracker.ts';

function textOf(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}

/** What one client wants to hear of keys that change, and what it has read. */
export class Tracking implements ClientTracking, KeyHearer {
  readonly client: ClientConnection;
  readonly tracker: Tracker;
  options: TrackingOptions;
  readonly prefixes: Set<string> = new Set();
  readonly keys: Map<string, number> = new Map();
  /** CLIENT CACHING was said for what comes next. */
  caching = false;
  /** It has read keys that nobody can tell from its requests: it is told of all. */
  blind = false;
  hasRead = true;
  /** Of keys that are noted, and of those in #queued. */
  #noted = 0;
  #queuedBytes = 0;
  #redirect: Redirect | null = null;
  /** Keys read since MULTI; null = too many to be kept, or nobody can tell which. */
  #queued: string[] | null = [];
  /** Everything before it was answered when servers were asked last that have answered since. */
  #settled: number;
  /** Everything before it is answered when all is that it has read. */
  #lastRead: number;

  constructor(client: ClientConnection, tracker: Tracker, options: TrackingOptions) {
    this.client = client;
    this.tracker = tracker;
    this.options = options;
    this.#settled = client.pipeline.head;
    this.#lastRead = this.#settled;
    // What a transaction of another process reads was noted there.
    if (client.session.transaction !== null) this.#queued = null;
    client.pool.counters[TRACKING_CLIENTS]++;
  }

  get bytes(): number {
    return this.#noted + this.#queuedBytes;
  }

  get notes(): boolean {
    return !this.options.broadcast;
  }

  get redirect(): number {
    return this.options.redirect;
  }

  get flags(): string {
    return `t${this.#redirect?.broken ? 'R' : ''}${this.options.broadcast ? 'B' : ''}`;
  }

  get broken(): boolean {
    return this.#redirect?.broken ?? false;
  }

  get saved(): SavedTracking {
    return { ...this.options, prefixes: [...this.prefixes] };
  }

  /** Other options take the place of those before. @param target of REDIRECT, when it is here */
  change(options: TrackingOptions, target: ClientConnection | null): void {
    this.options = options;
    const { redirect } = options;
    this.#redirect?.stop();
    this.#redirect = redirect === 0 ? null : new Redirect(this.client, redirect, target);
    if (!options.broadcast) return;
    const all = options.prefixes.length > 0 ? options.prefixes : [''];
    for (const prefix of all) {
      this.prefixes.add(prefix);
      this.tracker.prefixes.add(this, prefix);
    }
  }

  // --- what it reads ---------------------------------------------------------------------------

  /** Whether what it reads now is of interest to it. */
  get #opted(): boolean {
    if (this.options.optIn) return this.caching;
    return !(this.options.optOut && this.caching);
  }

  /**
   * Keys were read by a request that has been sent.
   * @param alone over a connection of its own, where no server notes them
   */
  onRead(keys: readonly string[], alone: boolean): void {
    if (!this.#opted) return;
    this.hasRead = true;
    if (alone) {
      this.#tellBehind(keys.map(textOf));
      return;
    }
    const slot = this.client.pipeline.tail;
    const unheard: Buffer[] = [];
    for (const key of keys) {
      if (this.tracker.isNoted(key)) this.#note(key, slot);
      else unheard.push(textOf(key));
    }
    if (unheard.length > 0) this.tell(unheard);
    if (this.#noted > TRACKED_CLIENT_BYTES) this.forgetAll();
  }

  #note(key: string, slot: number): void {
    if (!this.keys.has(key)) this.#noted += key.length + TRACKED_KEY_BYTES;
    this.#lastRead = slot;
    this.tracker.note(this, key, slot);
  }

  onForgotten(key: string): void {
    this.#noted -= key.length + TRACKED_KEY_BYTES;
  }

  /** Keys are read by a request that waits for EXEC. @param keys null = nobody can tell which */
  onQueued(keys: readonly string[] | null): void {
    if (keys === null || this.#queued === null) {
      this.#queue(null);
      return;
    }
    for (const key of keys) {
      this.#queued.push(key);
      this.#queuedBytes += key.length + TRACKED_KEY_BYTES;
    }
    const tooMany = this.#queued.length > TRACKED_BLOCK_KEYS;
    if (tooMany || this.#queuedBytes > TRACKED_BLOCK_BYTES) this.#queue(null);
  }

  #queue(keys: string[] | null): void {
    this.#queued = keys;
    this.#queuedBytes = 0;
  }

  /** EXEC was sent. @param alone as onRead() */
  onExec(alone: boolean): void {
    const queued = this.#queued;
    this.#queue([]);
    if (queued !== null) this.onRead(queued, alone);
    else if (this.#opted) this.tell(ALL_KEYS);
  }

  /** Nothing of the transaction is carried out. */
  onDiscard(): void {
    this.#queue([]);
  }

  /** Its keys cannot be told from its request. */
  readBlindly(alone: boolean): void {
    if (!this.#opted) return;
    this.hasRead = true;
    this.blind = true;
    if (alone) this.#tellBehind(ALL_KEYS);
  }

  /** Servers are asked whether all that they have said is there. */
  mark(): number {
    return this.client.pipeline.head;
  }

  settle(mark: number): void {
    if (((mark - this.#settled) | 0) > 0) this.#settled = mark;
  }

  get reads(): boolean {
    return ((this.#lastRead - this.client.pipeline.head) | 0) > 0;
  }

  isSettled(slot: number): boolean {
    return ((this.#settled - slot) | 0) >= 0;
  }

  // --- what it hears ---------------------------------------------------------------------------

  tell(keys: Keys): void {
    this.#hear(keys);
    if (this.#redirect === null) Mailbox.of(this.client).tell(keys);
  }

  /** Never in front of the value that it has just asked for. */
  #tellBehind(keys: Keys): void {
    this.#hear(keys);
    if (this.#redirect === null) Mailbox.of(this.client).tellBehind(keys);
  }

  #hear(keys: Keys): void {
    if (this.client.leaves) return;
    if (keys === ALL_KEYS) this.hasRead = false;
    this.#redirect?.tell(keys);
  }

  /** Whatever it has read may have changed. */
  forgetAll(): void {
    this.tracker.notes.forget(this);
    this.tell(ALL_KEYS);
  }

  /** It has come from another process: who hears in its place may still be on the way. */
  onMoved(): void {
    this.tracker.notes.forget(this);
    if (this.#redirect === null) this.tell(ALL_KEYS);
    else this.#redirect.tellIfThere(ALL_KEYS);
  }

  /** It goes on over other connections: what is under way is answered first. */
  waitForReplies(): void {
    if (!this.client.leaves && this.client.pipeline.outstanding > 0) this.client.barrier();
  }

  onException(error: unknown): void {
    this.client.onException(error);
  }

  drop(): void {
    const { client, tracker } = this;
    this.#redirect?.stop();
    client.session.tracking = null;
    client.pool.counters[TRACKING_CLIENTS]--;
    tracker.leave(this);
    if (client.closed || !laneOf(client).tracking) return;
    client.updatePlain();
    const { db, resp, login } = laneOf(client);
    const lane = client.pool.lanes.find(db, resp, false, login);
    if (lane !== null) client.enterLane(lane);
  }
}
