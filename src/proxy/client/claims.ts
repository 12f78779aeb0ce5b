import { ASSERTS, assert } from '../../assert.ts';
import { SHED_AT_LEAST_BYTES } from '../../limits.ts';
import type { ReplyClaim, ReplyStream } from '../engine/receiver.ts';
import type { ClientPipeline } from './client-pipeline.ts';
import { IN_PARTS, type Kept, type StoredReply } from './stored-reply.ts';

/** The client, as the replies that it waits for see it. */
export interface Claimant {
  readonly id: number;
  readonly address: string;
  readonly name: string;
  readonly closed: boolean;
  /** What it asks at the moment gets no reply. */
  readonly muted: boolean;
  readonly pipeline: ClientPipeline;
  /** Bytes that the memory budget has counted for it. */
  readonly heldBytes: number;
  openStream(slot: number, othersWait: boolean): ReplyStream;
  /** Something went wrong with a reply that was being given to it. */
  onReplyException(error: unknown, unsentBefore: number): void;
  /** A reply, or a piece of one, has been put in its place. */
  onAnswered(): void;
  /** It is closed, and nothing that is in flight names it any more. */
  onUnclaimed(): void;
}

/**
 * Counts what is in flight for one client: its id is not given to another before that is zero. The
 * only place that counts.
 */
export class Claims {
  readonly #claimant: Claimant;
  #open = 0;
  /** Bytes of requests that are kept until they are answered. */
  keptBytes = 0;
  /** After an exception the count cannot be relied on: the guard looks at what is in flight. */
  #forfeited = false;

  constructor(claimant: Claimant) {
    this.#claimant = claimant;
  }

  forfeit(): void {
    this.#forfeited = true;
  }

  get forfeited(): boolean {
    return this.#forfeited;
  }

  /** Requests that are in flight for the client. */
  get open(): number {
    return this.#open;
  }

  /** A plain request goes out. @returns its slot; settle() when its reply is there or lost */
  begin(): number {
    this.#open++;
    return this.#claimant.pipeline.open();
  }

  /** One that begin() or claim() counted has come to its end. */
  settle(): void {
    if (this.#forfeited) return;
    if (ASSERTS) assert(this.#open > 0, 'nothing is settled twice');
    this.#open--;
    if (this.#open === 0 && this.#claimant.closed) this.#claimant.onUnclaimed();
  }

  /** A request whose reply ringway makes itself, or of several. */
  claim(): Claim {
    this.#open++;
    return new Claim(this, this.#claimant, this.#claimant.muted);
  }

  /** As claim(), with a claim that was settled, of whichever client, and that nobody looks at. */
  claimWith(settled: Claim): void {
    this.#open++;
    settled.open(this, this.#claimant, this.#claimant.muted);
  }

  /** As claim(), for what the client hears whatever it has said of replies. */
  heard(): Claim {
    this.#open++;
    return new Claim(this, this.#claimant, false);
  }

  /** Holds back what is asked behind it until it is settled, and is no reply to anything. */
  hold(): Claim {
    this.#open++;
    return new Claim(this, this.#claimant, true);
  }
}

/**
 * The place of one reply, from when it is asked for until it is there: exactly one of deliver(),
 * store() and forget() ends it. What is delivered to a muted one goes nowhere, but until then it
 * holds its place: what its client asked for is bounded and ordered like all else.
 */
export class Claim implements ReplyClaim {
  #claims: Claims | null;
  /** Null = it is settled, and nobody's. */
  #claimant: Claimant | null;
  #muted: boolean;
  #slot: number;
  #settled = false;
  #kept: Kept | null = null;
  #keptBytes = 0;

  constructor(claims: Claims, claimant: Claimant, muted: boolean) {
    this.#claims = claims;
    this.#claimant = claimant;
    this.#muted = muted;
    this.#slot = claimant.pipeline.open();
  }

  /** Begins again, for another request. */
  open(claims: Claims, claimant: Claimant, muted: boolean): void {
    if (ASSERTS) assert(this.#settled, 'only what is settled is used again');
    this.#claims = claims;
    this.#claimant = claimant;
    this.#muted = muted;
    this.#slot = claimant.pipeline.open();
    this.#settled = false;
    this.#kept = null;
    this.#keptBytes = 0;
  }

  get #who(): Claimant {
    return this.#claimant as Claimant;
  }

  get #whose(): Claims {
    return this.#claims as Claims;
  }

  /** It is kept to be opened again, and names nobody meanwhile. */
  clear(): void {
    this.#claims = null;
    this.#claimant = null;
    this.#kept = null;
  }

  /** The client has gone. */
  get closed(): boolean {
    return this.#who.closed;
  }

  /** Whether all that was asked before it is answered. */
  get isNext(): boolean {
    return this.#who.pipeline.head === this.#slot;
  }

  /** Whether nothing was asked after it. */
  get isNewest(): boolean {
    return this.#who.pipeline.tail === ((this.#slot + 1) | 0);
  }

  get clientId(): number {
    return this.#who.id;
  }

  get slot(): number {
    return this.#slot;
  }

  get clientAddress(): string {
    return this.#who.address;
  }

  get clientName(): string {
    return this.#who.name;
  }

  get unsentBytes(): number {
    return this.#who.pipeline.out.unsentBytes;
  }

  /** `bytes` bytes of the request are kept in `kept` until it is answered, or its client gone. */
  keep(kept: Kept, bytes: number): void {
    this.#kept = kept;
    this.#keptBytes = bytes;
    this.#whose.keptBytes += bytes;
    this.#who.pipeline.keep(kept, 0);
  }

  onKept(): void {
    const { closed, heldBytes, pipeline } = this.#who;
    if (!closed && pipeline.undeliveredBytes - heldBytes > SHED_AT_LEAST_BYTES) {
      this.#who.onAnswered();
    }
  }

  onException(error: unknown, unsentBefore: number): void {
    this.#who.onReplyException(error, unsentBefore);
  }

  /** Nobody hears the reply: what comes of it need not be kept. */
  get unheard(): boolean {
    return this.#muted || this.#who.closed;
  }

  /** The reply is `reply`, which must not change any more. */
  deliver(reply: Buffer): void {
    this.#settle();
    if (this.unheard) return;
    this.#who.pipeline.deliver(this.#slot, reply);
    this.#who.onAnswered();
  }

  /** The reply is an object, for which as many bytes are held as hold() and stash() say. */
  store(reply: StoredReply): void {
    this.#settle();
    if (this.unheard) {
      reply.drop();
      return;
    }
    this.#who.pipeline.storeObject(this.#slot, reply);
    this.#who.onAnswered();
  }

  /**
   * It is next, and its reply is queued in parts: nothing comes between them until the pipeline's
   * completeHead().
   */
  beginParts(): void {
    this.#who.pipeline.storeObject(this.#slot, IN_PARTS);
  }

  /** The reply comes in pieces: forget() ends the claim when the last is there. Null = unheard. */
  openStream(): ReplyStream | null {
    return this.unheard ? null : this.#who.openStream(this.#slot, false);
  }

  /**
   * There is nothing more to come, and nothing more to deliver: what waited for the last piece of a
   * reply goes on.
   */
  forget(): void {
    this.#settle();
    if (!this.#who.closed) this.#who.onAnswered();
  }

  /** There is no reply: the client is closed once all before it is written. */
  leaveOut(): void {
    this.#settle();
    if (this.unheard) return;
    this.#who.pipeline.deliverNothing(this.#slot);
    this.#who.onAnswered();
  }

  #settle(): void {
    if (ASSERTS) assert(!this.#settled || this.#whose.forfeited, 'a claim is settled once');
    this.#settled = true;
    if (this.#kept !== null) {
      this.#whose.keptBytes -= this.#keptBytes;
      this.#who.pipeline.release(this.#kept, 0);
    }
    this.#whose.settle();
    if (!this.#muted || this.#who.closed) return;
    this.#who.pipeline.deliverNothing(this.#slot);
    this.#who.onAnswered();
  }
}
