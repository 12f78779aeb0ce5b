import type { Socket } from 'node:net';
import type { Engine } from '../../engine/engine.ts';
import type { ReplyReceiver, ReplySource, SwallowingSource } from '../../engine/receiver.ts';
import { FAILURE_INTERNAL, FAILURE_TIMEOUT, type Failure, failureOf } from '../failure.ts';
import type { InFlightEntry } from '../in-flight.ts';
import type { Lane } from '../lane.ts';
import { failEntry } from '../lost-requests.ts';
import type { ConnectionOwner } from '../owner.ts';
import { RequestSender } from '../request-sender.ts';
import { WaitingClients } from '../waiting-clients.ts';
import type { RequestHeir } from './request-mover.ts';
import { type SavedRequest, takeRepeatable } from './saved-requests.ts';
import { WithheldRequests } from './withheld-requests.ts';

/**
 * The half of a connection to a server that requests go out by, where a request that was certainly
 * not executed goes on in another connection: its heir, which stands in its place before it closes.
 */
export abstract class RepeatingSender extends RequestSender {
  /** Requests that the server has not executed; null where nothing is sent again. */
  readonly withheld: WithheldRequests | null;
  protected readonly waiting: WaitingClients;
  #stopped = false;
  #heldBytes = 0;
  /** Too much is queued: clients must wait before they send more through here. */
  full = false;
  /** Requests could be written; stays true when it is lost later. */
  ready = false;
  /** The server does not grant what was asked for first. */
  refused = false;

  /** @param repeats requests that were not executed go on elsewhere */
  constructor(engine: Engine, owner: ConnectionOwner, lane: Lane, repeats: boolean) {
    super(engine, owner, lane, repeats);
    this.waiting = new WaitingClients(this, engine.turn);
    this.withheld = this.kept === null ? null : new WithheldRequests(engine, this, this.kept);
  }

  /** The reply of the oldest request has begun to be given to whoever waits for it. */
  protected abstract readonly replyBegun: boolean;
  abstract readonly replies: SwallowingSource & Pick<ReplySource, 'isFor'>;
  /** It is connected, and what had to be granted is. */
  protected abstract readonly open: boolean;
  /** The server has taken it; stays true when it is lost later. */
  abstract readonly connected: boolean;
  /** Requests that wait to be written. */
  abstract readonly unwritten: number;
  abstract close(): void;
  abstract failInternally(): void;
  abstract disown(client: number, slot: number): number;

  /** Requests go out from now on. */
  protected openFor(socket: Socket): void {
    this.ready = true;
    this.out.open(socket);
  }

  protected noteHops(hops: number): void {
    this.withheld?.noteHops(hops);
  }

  protected failSaved(entry: InFlightEntry): void {
    const error = this.owner.pool.protocol.failure(failureOf(FAILURE_INTERNAL));
    failEntry(this.engine, this, entry, error);
  }

  /** It is not dialed: what waits in it is taken out, and it closes. */
  takeParked(): readonly SavedRequest[] {
    const saved = this.#takeRequests(false);
    this.close();
    return saved;
  }

  collectClients(ids: Set<number>): void {
    this.inFlight.collectClients(ids);
    this.withheld?.collectClients(ids);
  }

  /**
   * What its clients ask from now on goes over another connection, and must not overtake what is
   * not answered here.
   */
  holdBack(): void {
    const ids = this.inFlight.waitingClients();
    this.withheld?.collectClients(ids);
    for (const id of ids) this.engine.clients[id]?.barrier();
  }

  /** Whether the reply to `client`'s request `slot`, or a part, is what it gives that one next. */
  owes(client: number, slot: number): boolean {
    return this.inFlight.owes(client, slot);
  }

  isFor(client: number): boolean {
    return this.replies.isFor(client);
  }

  /** Nothing is written any more. */
  protected get stopped(): boolean {
    return this.#stopped;
  }

  /** Nothing is written any more: requests that come all the same wait here. */
  stopSending(): void {
    this.#stopped = true;
    this.full = true;
    // Before it is open nothing but a greeting was written, whose bytes were never in the queue.
    if (this.open) this.sent.unwritten = this.inFlight.newestOf(this.out.unsentBytes);
  }

  /** Goes on after stopSending(), unless a request is withheld. */
  goOnSending(): void {
    if (!this.#stopped || this.withheld?.active) return;
    this.#stopped = false;
    this.engine.turn.markBackend(this);
  }

  /** Clients may send through here again. */
  protected takesMore(): void {
    if (!this.full || this.#stopped) return;
    this.full = false;
    this.waiting.wake();
  }

  /** The client is told when this connection takes requests again. */
  waitFor(client: ReplyReceiver): void {
    this.waiting.add(client);
  }

  stopWaiting(client: ReplyReceiver): void {
    this.waiting.forget(client);
  }

  /** Tells the memory budget what waits here. */
  protected account(pending: number): void {
    const held = pending + (this.kept?.bytes ?? 0);
    if (held === this.#heldBytes) return;
    this.engine.budget.add(held - this.#heldBytes);
    this.#heldBytes = held;
  }

  /** It is closed: who is still to be sent again from here is told that it is not. */
  protected dropKept(): void {
    this.kept?.drop();
    this.withheld?.giveUp();
  }

  /** Replies have been handed out. */
  onWalked(): void {
    const { inFlight, kept, withheld } = this;
    if (this.closed || kept === null) return;
    const isOwed = inFlight.count > this.unwritten;
    if (isOwed) kept.release(inFlight.headOffset);
    else kept.drop();
    this.account(this.out.pendingBytes);
    withheld?.goOn();
    if (withheld?.active && !isOwed) this.#handOn();
  }

  /** Everything that was written is answered: what was withheld is sent on another connection. */
  #handOn(): void {
    const heir = this.owner.heirOf(this, null);
    if (heir === null) {
      this.withheld?.giveUp();
      this.goOnSending();
      return;
    }
    heir.adopt(this.#takeRequests(false));
    this.close();
  }

  /** The connection ends. @returns who goes on with its requests; null when all are lost */
  protected passOn(failure: Failure): { heir: RequestHeir; saved: readonly SavedRequest[] } | null {
    if (this.withheld === null || this.refused) return null;
    if (failure.code === FAILURE_INTERNAL || !this.isBalanced) return null;
    if (this.open && this.inFlight.count === 0 && !this.withheld.active) return null;
    const heir = this.owner.heirOf(this, failure);
    if (heir === null) return null;
    // A server that hangs may be asked again for ever; of a replica the heir is another server.
    const again = failure.code !== FAILURE_TIMEOUT || this.owner.forReads;
    return { heir, saved: this.#takeRequests(again) };
  }

  /** @param again what was written is sent again where that does no harm */
  #takeRequests(again: boolean): readonly SavedRequest[] {
    this.engine.gatherNow();
    const { saved, lost } = takeRepeatable(this, again ? this.kept : null, this.replyBegun);
    this.withheld?.onLost(lost);
    return [...(this.withheld?.takeAll() ?? []), ...saved];
  }
}
