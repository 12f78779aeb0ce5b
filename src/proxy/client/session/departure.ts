import type { Socket } from 'node:net';
import { WATCH_LEAVE_MS } from '../../../limits.ts';
import { stopReading } from '../../../net/handles.ts';
import { claimedPeer } from '../../../net/peers/peer-address.ts';
import { millis } from '../../engine/clock.ts';
import { laneOf } from '../../pool/lanes.ts';
import type { Pool } from '../../pool/pool.ts';
import type { SavedLogin } from '../access/login.ts';
import type { LeavingClient } from '../moving-client.ts';
import type { Session } from './session.ts';
import type { ClientSubscriptions } from './subscriptions.ts';
import { WATCHING } from './watch.ts';

const NOTHING = Buffer.alloc(0);

/** The client, as its departure sees it. */
interface DepartingClient {
  readonly pool: Pool;
  readonly lane: number;
  readonly socket: Socket;
  readonly session: Session;
  readonly subscriptions: ClientSubscriptions | null;
  readonly subscribed: boolean;
  readonly login: { readonly saved: SavedLogin };
  readonly pipeline: {
    readonly outstanding: number;
    passHead(): void;
    readonly out: { readonly pendingBytes: number };
  };
}

/** What it sends. */
interface DepartingInput {
  /** Nothing more is taken of it. */
  leaving: boolean;
  readonly large: unknown;
  takeWaiting(): Buffer;
}

/** How a client goes to another process: between two requests, with all that it has asked for. */
export class Departure {
  readonly #client: DepartingClient;
  readonly #input: DepartingInput;
  /** Takes it, once it may go. */
  give: ((client: LeavingClient) => void) | null = null;
  /** It waits for the end of its transaction until then. */
  #until = 0;

  constructor(client: DepartingClient, input: DepartingInput) {
    this.#client = client;
    this.#input = input;
  }

  begin(give: (client: LeavingClient) => void): void {
    this.give = give;
    this.#until = millis() + WATCH_LEAVE_MS;
    this.goOn();
  }

  /** It stays: it sends no more, and is answered here. */
  end(): void {
    this.give = null;
    this.#input.leaving = false;
  }

  /**
   * Whether nothing more is to be taken of it here. While a server watches keys for it, which it
   * would lose, it goes on for a while.
   */
  get isDue(): boolean {
    if (this.give === null || this.#input.leaving) return false;
    return this.#client.session.watch !== WATCHING || millis() >= this.#until;
  }

  goOn(): void {
    if (this.give === null) return;
    const { session, pipeline } = this.#client;
    if (this.isDue) {
      this.#input.leaving = true;
      session.detour?.part();
    }
    // What it was to be told behind what is answered there.
    if (this.isSure && session.detour?.rest) pipeline.passHead();
  }

  /** Nothing more is begun for it here. */
  get isSure(): boolean {
    return this.give !== null && this.#input.leaving;
  }

  /** All that it has asked for is answered, or goes along. */
  get #isAnswered(): boolean {
    const { session, socket, pipeline } = this.#client;
    if (!this.isSure || socket.destroyed) return false; // its last write failed
    const goesAlong = session.detour?.rest ? 1 : 0;
    return pipeline.outstanding <= goesAlong && !this.#input.large;
  }

  /** It may go when what it hears is heard in the other process. */
  get waitsForCut(): boolean {
    const { subscribed, subscriptions } = this.#client;
    return subscribed && subscriptions?.heardElsewhere === false && this.#isAnswered;
  }

  /** Nothing but what it has asked for needs to go along: all else is answered and written. */
  get mayGo(): boolean {
    if (!this.#isAnswered || this.waitsForCut) return false;
    const { socket, pipeline } = this.#client;
    return pipeline.out.pendingBytes === 0 && socket.writableLength === 0;
  }

  /** Nothing is read any more. @returns all that goes along */
  pack(): LeavingClient {
    const { pool, socket } = this.#client;
    // What it asked for without a reply must not be overtaken by what it asks there.
    pool.engine.turn.writeToServers();
    stopReading(socket);
    // Only the documented reader leaves bytes with the socket.
    const unread = (socket.readableLength > 0 ? (socket.read() as Buffer | null) : null) ?? NOTHING;
    const asked = this.#client.session.detour?.rest ?? NOTHING;
    const rest = Buffer.concat([asked, this.#input.takeWaiting(), unread]);
    const { db, resp } = laneOf(this.#client);
    const [login, session] = [this.#client.login.saved, this.#client.session.save(pool)];
    const peer = claimedPeer(socket);
    const { subscribed, subscriptions } = this.#client;
    const heard = subscribed ? (subscriptions?.saved ?? null) : null;
    const who = { pool: pool.config.name, login, db, resp, peer };
    return { state: { ...who, session, rest, subscriptions: heard }, socket };
  }
}
