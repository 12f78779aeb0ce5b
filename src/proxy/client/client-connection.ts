import type { Socket } from 'node:net';
import { HELD_WRITE_BYTES } from '../../limits.ts';
import { LOG_INFO, LOG_NOTICE } from '../../log.ts';
import { isEncrypted } from '../../net/handles.ts';
import { claimPeer } from '../../net/peers/peer-address.ts';
import { type ReadHandler, resumeReading } from '../../net/reader.ts';
import { WINDOW } from '../../protocol/frame-table.ts';
import * as counter from '../../stats/counters.ts';
import type { Engine } from '../engine/engine.ts';
import type { Holder } from '../engine/timers/held-writes.ts';
import type { Pool } from '../pool/pool.ts';
import { reviewLogin } from './access/login.ts';
import { AnsweredClient } from './answered-client.ts';
import { ClientTimers, type TimedClient } from './client-timers.ts';
import { ClientWindow } from './client-window.ts';
import { ClientInput } from './input/client-input.ts';
import type { InputOwner } from './input/input-owner.ts';
import { refusedAsTls } from './input/tls-guard.ts';
import type { ClientState, LeavingClient } from './moving-client.ts';
import type { ClientProtocol } from './protocol.ts';
import { Retraction } from './retraction.ts';
import type { Router } from './router.ts';
import { Departure } from './session/departure.ts';

/** One client: its requests are scanned, sent to their servers, and answered in order. */
export class ClientConnection
  extends AnsweredClient
  implements ReadHandler, Holder, TimedClient, InputOwner
{
  readonly #input: ClientInput;
  /** Nothing was read of it. */
  #silent: boolean;
  /** Reading was stopped by returning false from onRead(). */
  #reading = true;
  readonly window: ClientWindow;
  /** Set by QUIT and protocol errors: no more requests, close when all is answered. */
  closing = false;
  #ended = false;
  #toldUnread = false;
  protected readonly retraction: Retraction;
  #finished = false;
  readonly #timers: ClientTimers;
  readonly departure: Departure;
  listed = false;

  constructor(
    engine: Engine,
    pool: Pool,
    protocol: ClientProtocol,
    router: Router,
    socket: Socket,
  ) {
    super(engine, pool, protocol, router, socket);
    this.#silent = !isEncrypted(socket);
    this.#input = new ClientInput(engine, this);
    this.departure = new Departure(this, this.#input);
    this.retraction = new Retraction(engine, this, this.#input);
    this.window = new ClientWindow(pool.config.maxPipeline);
    this.#timers = new ClientTimers(this, engine.deadlines);
    engine.reader.attach(socket, this);
    socket.on(
      'end',
      engine.guard.bind(this, () => this.#onEnd()),
    );
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
    this.register();
    pool.counters[counter.CLIENT_CONNECTIONS]++;
    engine.process[counter.TOTAL_CONNECTIONS]++;
    engine.process[counter.CURR_CONNECTIONS]++;
  }

  /** When bytes came last, in engine milliseconds. */
  get lastRead(): number {
    return this.#timers.lastRead;
  }

  /** A request has begun and its end has not come. */
  get unfinished(): boolean {
    return this.#input.unfinished;
  }

  /** It sends nothing more, or nothing more is taken from it. */
  get leaves(): boolean {
    return this.closed || this.closing || this.#ended;
  }

  /** Nothing is read from it, so that nobody would see it leave. */
  get unread(): boolean {
    return !this.#reading;
  }

  /** It waits for replies, or until it may ask for more. */
  get waits(): boolean {
    return this.pipeline.outstanding > 0 || this.#input.held || this.#input.paused;
  }

  onRead(length: number): boolean {
    if (this.closed || this.closing) return true;
    try {
      if (this.#silent && this.#isRefused(this.engine.bytes[WINDOW])) return true;
      this.engine.turn.onRead();
      this.#reading = this.#input.read(length);
      if (!this.#reading && this.out.blocked) this.#onUnread();
      this.#timers.onRead(this.engine.now, this.#input.unfinished);
    } catch (error) {
      // Nothing of the requests at hand was answered: those before them may all be.
      this.onException(error, this.pipeline.outstanding === 0);
    }
    return this.closed || this.#reading;
  }

  /** The first byte that it sends tells whether it speaks another protocol. */
  #isRefused(first: number): boolean {
    this.#silent = false;
    return refusedAsTls(this, first);
  }

  /** It is not read until it takes some of its replies: if it never does, the log says why. */
  #onUnread(): void {
    if (this.#toldUnread || !this.authenticated || this.#input.leaving) return;
    this.#toldUnread = true;
    const { clientInputLimit } = this.pool.config;
    this.engine.log.write(
      LOG_NOTICE,
      `client ${this.address} takes none of its replies, and ${this.#input.waiting.length} bytes ` +
        `of its requests wait: no more are read (client_input_limit is ${clientInputLimit})`,
    );
  }

  /** No more requests are taken; the connection closes when all is answered. */
  stopReading(): void {
    this.closing = true;
    this.#input.drop();
    this.engine.turn.markClient(this);
  }

  // --- moving to another process ---------------------------------------------------------------

  /**
   * Hands this client over to another process as soon as all that was asked is answered; until
   * then nothing new is taken. One that is about to close is left to it. One that hears what
   * nobody could tell it there is closed instead: so it knows that it may miss something.
   */
  moveAway(give: (client: LeavingClient) => void): void {
    if (this.leaves) return;
    if (this.listensHere) {
      this.drain();
      return;
    }
    if (this.stays) return;
    this.departure.begin(give);
    this.engine.turn.markClient(this);
  }

  /** Who watches keys gives that up after a while, since it goes to another process. */
  moveIfDue(): void {
    if (!this.closed && this.departure.isDue) this.engine.turn.markClient(this);
  }

  /** It goes to another process, and nothing more is begun for it here. */
  get moving(): boolean {
    return this.departure.isSure;
  }

  /** Closes one that has asked for nothing for a while, and has been told all. */
  leaveIfQuiet(): void {
    if (!this.waits && !this.#input.unfinished && this.#timers.isQuiet()) this.drain();
  }

  #move(give: (client: LeavingClient) => void): void {
    const leaving = this.departure.pack();
    this.departure.give = null;
    this.#shut();
    give(leaving);
  }

  /** Goes on with a client of another process. */
  arrive({ login, db, resp, session, rest, peer = null, subscriptions }: ClientState): void {
    this.#silent = false;
    if (peer !== null) claimPeer(this.socket, peer);
    this.session.restore(session, this.pool);
    this.login.restore(login);
    reviewLogin(this);
    if (this.closed) return;
    this.#timers.restart();
    if (!this.takeLane(db, resp)) this.destroy(`no room for database ${db}, RESP${resp}`);
    if (this.closed) return;
    if (subscriptions) this.protocol.resumeSubscriptions(this, subscriptions);
    this.protocol.resumeTracking(this, session);
    if (rest.length > 0) this.begin(rest);
  }

  /** Begins with what was read before anybody knew where it comes from. @param rest not empty */
  begin(rest: Buffer): void {
    this.socket.pause();
    this.#reading = false;
    if (this.#silent && this.#isRefused(rest[0])) return;
    this.#input.putWaiting(rest);
    this.engine.turn.markClient(this);
  }

  /** Its later requests wait until all earlier ones are answered. */
  barrier(): void {
    this.#input.barrier();
  }

  setAuthenticated(yes: boolean): void {
    const lost = this.authenticated && !yes;
    this.authenticated = yes;
    this.updatePlain();
    if (!lost) return;
    // Messages are only for who is logged in, and none may be missing unnoticed.
    if (this.listens) this.stopReading();
    this.login.begin();
    this.#input.refuseLarge();
    this.#timers.restart();
  }

  /** Writes replies, opens or closes the window, and goes on with what had to wait. */
  flush(): void {
    if (this.closed || this.#mayHold()) return;
    this.departure.goOn();
    this.retraction.run();
    this.out.flush();
    this.pipeline.beginBurst();
    const { heldBytes, nameBytes } = this.session;
    this.account(this.#input.bufferedBytes + heldBytes + nameBytes);
    if (this.closed) return;
    this.#input.advance();
    this.session.detour?.advance();
    if (this.leaves) this.session.detour?.endSoon();
    if (this.closed) return;
    if (this.out.blocked) this.#timers.onBlocked();
    this.window.adjust(this);
    this.paused.release();
    if (!this.#reading || (this.#input.held && this.#input.credit() > 0)) this.#resumeInput();
    if (this.closed) return;
    if ((this.closing || this.#ended) && this.#idle()) this.#finish();
    else if (this.departure.give !== null) this.#depart(this.departure.give);
  }

  #depart(give: (client: LeavingClient) => void): void {
    if (this.listensHere) this.drain();
    else if (!this.leaves && !this.#finished && this.departure.mayGo) this.#move(give);
  }

  /**
   * Requests that came together are answered together, if their replies are not far apart: a write
   * costs more than anything else that is done for a request.
   */
  #mayHold(): boolean {
    const unsent = this.out.unsentBytes;
    if (!this.pipeline.insideBurst || unsent === 0 || unsent > HELD_WRITE_BYTES) return false;
    // Something may go on only after a flush.
    if (!this.#reading || this.#input.held || this.#input.large) return false;
    if (this.session.detour !== null) return false;
    if (this.overOutputLimit()) return false;
    if (this.closing || this.#ended) return false;
    this.engine.heldWrites.add(this, this.engine.now);
    return true;
  }

  writeHeld(): void {
    if (this.closed) return;
    this.pipeline.endBurst();
    this.engine.turn.markClient(this);
  }

  /** Everything that was asked is answered and handed to the socket. */
  #idle(): boolean {
    return !this.#input.held && this.pipeline.outstanding === 0 && this.out.unsentBytes === 0;
  }

  /** The proxy stops: what is in flight is answered, nothing new is taken. */
  drain(): void {
    if (!this.closed && !this.closing) this.stopReading();
  }

  /** The pool goes on with other servers. */
  reroute(): void {
    if (this.closed) return;
    this.window.limit(this.pool.config.maxPipeline);
    reviewLogin(this);
    if (this.closed) return;
    this.#input.reroute();
    this.session.detour?.reroute();
    this.session.watched?.reroute();
    this.#timers.restart();
    this.engine.turn.markClient(this);
  }

  #resumeInput(): void {
    const full = this.pipeline.outstanding > this.window.size >> 1 && !this.#input.streaming;
    if (full && !this.out.blocked) return;
    this.#reading = full ? this.#input.takesIn : this.#input.resume();
    if (this.#reading && !this.closed && !this.#ended) resumeReading(this.socket);
  }

  onDrained(): void {
    this.#timers.onDrained();
    if (!this.closed) this.engine.turn.markClient(this);
  }

  // --- the end ---------------------------------------------------------------------------------

  #onEnd(): void {
    this.#ended = true;
    if (this.closed) return;
    // Who sends no more is answered here, what is held too: it does not go to another process.
    this.departure.end();
    this.#input.end();
    this.engine.turn.markClient(this);
  }

  /** Everything is answered: says goodbye, and leaves the client time to read it. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    // The time to read the last replies begins when the kernel has them.
    this.socket.end(() => this.#timers.linger());
    if (!this.#reading) resumeReading(this.socket);
    this.#reading = true;
  }

  /** Cuts the connection, but one that is blocked is first given what has come for it by now. */
  leave(reason: string): void {
    if (this.session.detour?.blocked) {
      this.#tellClosed(reason, LOG_INFO);
      this.stopReading();
    } else {
      // Who was blocked in this turn still may have been given something that is not written.
      if (!this.closed) this.out.flush();
      this.destroy(reason);
    }
  }

  /** Cuts the connection. @param level of the line that the log has about it */
  destroy(reason: string, level: number = LOG_INFO): void {
    if (this.closed) return;
    this.#tellClosed(reason, level);
    this.#fail();
    this.socket.destroy();
  }

  #tellClosed(reason: string, level: number): void {
    this.engine.log.write(level, `client ${this.address} is closed: ${reason}`);
  }

  #onError(error: Error & { readonly reason?: string }): void {
    if (this.closed) return;
    // The message of OpenSSL begins with numbers that tell nothing.
    const why = error.reason ?? error.message;
    this.engine.log.write(LOG_INFO, `client ${this.address} failed: ${why}`);
    this.#fail();
  }

  #onClose(): void {
    if (!this.closed) {
      this.pool.counters[counter.CLIENT_EOF]++;
      this.#shut();
    }
    this.engine.guard.takeAll('a client', () => this.out.close());
    this.pool.counters[counter.CLIENT_CONNECTIONS]--;
    this.engine.process[counter.CURR_CONNECTIONS]--;
  }

  /** Gives everything back after an exception; the socket is the guard's. */
  forfeit(): void {
    this.claims.forfeit();
    this.#fail();
  }

  #fail(): void {
    this.pool.counters[counter.CLIENT_ERR]++;
    this.#shut();
  }

  /** Gives everything back; replies still in flight are swallowed. */
  #shut(): void {
    this.closed = true;
    const { lane, heldBytes } = this;
    this.heldBytes = 0;
    this.engine.guard.takeAll(
      `client ${this.address}`,
      () => this.pool.lanes.at(lane).leave(),
      () => this.waitsFor?.stopWaiting(this),
      () => this.subscriptions?.drop(),
      () => this.#input.drop(),
      () => this.session.drop(),
      () => this.pipeline.close(),
      () => this.engine.budget.add(-heldBytes),
      () => this.out.discard(),
      () => this.#timers.stop(),
      () => this.rates?.stop(),
      () => this.paused.release(),
    );
    if (this.claims.open === 0) this.onUnclaimed();
  }
}
