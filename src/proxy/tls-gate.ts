import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ClientTls } from '../config/index.ts';
import { HANDSHAKE_BURST_MS, REFUSAL_LOG_INTERVAL_MS } from '../limits.ts';
import { LOG_INFO, LOG_WARN } from '../log.ts';
import { stopReading } from '../net/handles.ts';
import {
  GONE,
  TICKET_SECRET_BYTES,
  TlsAcceptor,
  type TlsAcceptorOwner,
} from '../net/tls-server.ts';
import { TLS_FAILURES, TLS_HANDSHAKES, TLS_RESUMED } from '../stats/counters.ts';
import { exactMillis } from './engine/clock.ts';
import type { Timed } from './engine/deadlines.ts';
import { Sparing } from './engine/sparing.ts';
import type { Pool } from './pool/pool.ts';
import { addressOf } from './refusals.ts';

/** What all gates of a process share. */
export interface GateOwner {
  /** What session tickets are made with. */
  readonly ticketSecret: Buffer;
  /** A client has shaken hands. */
  letIn(pool: Pool, socket: Socket): void;
}

/**
 * Where the clients of a pool shake hands. So many are begun in a second; the others wait, unread,
 * so that clients that all come back at once do not keep the process from those it has.
 */
export class TlsGate implements Timed, TlsAcceptorOwner {
  readonly #pool: Pool;
  readonly #owner: GateOwner;
  #acceptor: TlsAcceptor | null = null;
  /** What the acceptor was made of. */
  #made: { readonly tls: ClientTls; readonly secret: Buffer } | null = null;
  /** All sockets that came through here and are open, those of clients too. */
  readonly #sockets: Set<Socket> = new Set();
  /** Of these, those of clients. */
  #clients = 0;
  /** They wait for their handshake, in the order in which they came. */
  #waiting: Socket[] = [];
  #begun = 0;
  /** When all handshakes begun so far are paid for. */
  #paidAt = 0;
  readonly #telling: Sparing = new Sparing();
  timerAt = 0;

  constructor(pool: Pool, owner: GateOwner) {
    this.#pool = pool;
    this.#owner = owner;
  }

  /** Sockets that are not clients yet. */
  get pending(): number {
    return this.#sockets.size - this.#clients;
  }

  /** Takes a socket of which nothing was read. */
  accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    if (this.#waiting.length === 0 && this.#mayBegin()) {
      this.#begin(socket);
    } else {
      stopReading(socket);
      this.#waiting.push(socket);
      this.#pool.engine.deadlines.arm(this, this.nextDeadline());
    }
  }

  /** Whether one more handshake may begin now. */
  #mayBegin(): boolean {
    return this.#paidAt - exactMillis() <= HANDSHAKE_BURST_MS;
  }

  #begin(socket: Socket): void {
    const { tls } = this.#pool.config;
    if (socket.destroyed) return;
    if (tls === null) {
      // A reload has taken the door away meanwhile.
      socket.destroy();
      return;
    }
    this.#paidAt = Math.max(this.#paidAt, exactMillis()) + 1000 / tls.handshakesPerSecond;
    try {
      this.#acceptorOf(tls).accept(socket);
    } catch (error) {
      socket.destroy();
      this.#pool.engine.guard.note('a client cannot shake hands', error);
    }
  }

  #acceptorOf(tls: ClientTls): TlsAcceptor {
    const secret = this.#owner.ticketSecret;
    const made = this.#made;
    if (this.#acceptor === null || made?.tls !== tls || made.secret !== secret) {
      this.#acceptor = new TlsAcceptor(this.#pool.config.name, tls, secret, this);
      this.#made = { tls, secret };
    }
    return this.#acceptor;
  }

  nextDeadline(): number {
    if (this.#waiting.length === this.#begun) return 0;
    return Math.ceil(this.#paidAt - HANDSHAKE_BURST_MS);
  }

  onDeadline(): void {
    while (this.#begun < this.#waiting.length && this.#mayBegin()) {
      this.#begin(this.#waiting[this.#begun++]);
    }
    // The list is cut now and then, not for each.
    if (this.#begun * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#begun);
    this.#begun = 0;
  }

  onSecure(socket: Socket, resumed: boolean): void {
    const { counters } = this.#pool;
    counters[TLS_HANDSHAKES]++;
    if (resumed) counters[TLS_RESUMED]++;
    this.#clients++;
    socket.once('close', () => this.#clients--);
    this.#owner.letIn(this.#pool, socket);
  }

  onFailure(socket: Socket, why: string): void {
    const { counters, engine, config } = this.#pool;
    counters[TLS_FAILURES]++;
    const client = addressOf(socket);
    const fields = { pool: config.name, client };
    if (why === GONE) {
      const line = `pool ${config.name}: client ${client} left before its TLS handshake was done`;
      engine.log.write(LOG_INFO, line, fields);
      return;
    }
    const untold = this.#telling.happens(exactMillis(), REFUSAL_LOG_INTERVAL_MS);
    if (untold < 0) return;
    const more = untold === 0 ? '' : `, and of ${untold} others before,`;
    const line = `pool ${config.name}: the TLS handshake of client ${client}${more} failed: ${why}`;
    engine.log.write(LOG_WARN, line, fields);
  }

  onException(error: unknown): void {
    this.#pool.engine.guard.note('clients wait for their handshake', error);
  }

  /** Closes those that are not clients. */
  close(): void {
    this.#pool.engine.deadlines.forget(this);
    this.#waiting = [];
    this.#begun = 0;
    for (const socket of [...this.#sockets]) socket.destroy();
  }
}

/** The gates of all pools. */
export class TlsGates implements GateOwner {
  readonly #gates: Map<Pool, TlsGate> = new Map();
  readonly letIn: (pool: Pool, socket: Socket) => void;
  /** Replaced as a whole; earlier tickets are then good no more. */
  ticketSecret: Buffer = randomBytes(TICKET_SECRET_BYTES);

  constructor(letIn: (pool: Pool, socket: Socket) => void) {
    this.letIn = letIn;
  }

  accept(pool: Pool, socket: Socket): void {
    let gate = this.#gates.get(pool);
    if (gate === undefined) {
      gate = new TlsGate(pool, this);
      this.#gates.set(pool, gate);
    }
    gate.accept(socket);
  }

  /** Sockets of a pool that are not clients yet. */
  pendingOf(pool: Pool): number {
    return this.#gates.get(pool)?.pending ?? 0;
  }

  /** The same of all pools. */
  get pending(): number {
    let sum = 0;
    for (const gate of this.#gates.values()) sum += gate.pending;
    return sum;
  }

  close(pool: Pool): void {
    this.#gates.get(pool)?.close();
    this.#gates.delete(pool);
  }
}
