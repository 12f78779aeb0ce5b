import { isIP, type Socket } from 'node:net';
import { CONTROL_ANSWER_MS, NAME_LOOKUPS, PEER_ANSWER_BYTES, PEER_DEAD_MS } from '../../limits.ts';
import { ADDRESSES } from '../../net/addresses/address-book.ts';
import { type DialTarget, dialPlain } from '../../net/dial.ts';
import { onOpen } from '../../net/tls-client.ts';
import { encodeText } from '../../protocol/redis/replies/encode.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';

const PING = encodeText('PING');

/** Look-ups of names that are under way: each takes one of Node's four threads. */
export interface Lookups {
  under: number;
}

/** What all links of a process share. */
export interface PeersShare {
  readonly clock: Clock;
  readonly lookups: Lookups;
}

/**
 * Whether another proxy is there: it is asked every second. Any answer will do: one that wants a
 * password is there for those who know it.
 */
export class PeerLink {
  readonly name: string;
  readonly #target: DialTarget;
  readonly #clock: Clock;
  readonly #lookups: Lookups;
  #socket: Socket | null = null;
  #heardAt: number;
  /** Since when it owes an answer; null = it owes none. */
  #askedAt: number | null = null;
  /** Its name is looked up: that cannot be called off. */
  #looksUp = false;
  /** Bytes that it has said since it was asked. */
  #said = 0;

  /** @param isMissed it was away until now */
  constructor(address: Address, tls: DialTarget['tls'], shared: PeersShare, isMissed: boolean) {
    this.name = addressText(address);
    this.#target = { kind: 'tcp', ...address, path: '', tls };
    this.#clock = shared.clock;
    this.#lookups = shared.lookups;
    this.#heardAt = isMissed ? Number.NEGATIVE_INFINITY : this.#clock.now();
    this.#connect();
  }

  get alive(): boolean {
    return this.#clock.now() - this.#heardAt < PEER_DEAD_MS;
  }

  #connect(): void {
    const isName = isIP(ADDRESSES.addressOf(this.#target.host)) === 0;
    if (isName && this.#lookups.under >= NAME_LOOKUPS) return; // The next tick tries again.
    let socket: Socket;
    try {
      socket = dialPlain(this.#target);
    } catch {
      return;
    }
    this.#socket = socket;
    this.#ask();
    const isMine = (): boolean => this.#socket === socket;
    if (isName) this.#awaitLookup(socket);
    // Only a handshake shows that somebody is behind a connection.
    if (this.#target.tls !== null) onOpen(socket, () => isMine() && this.#onHeard());
    socket.on('data', ({ length }: Buffer) => {
      if (!isMine()) return;
      this.#onHeard();
      this.#said += length;
      if (this.#said > PEER_ANSWER_BYTES) this.close();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (isMine()) this.#socket = null;
    });
  }

  #awaitLookup(socket: Socket): void {
    this.#lookups.under++;
    this.#looksUp = true;
    const onDone = (): void => {
      socket.off('lookup', onDone).off('close', onDone);
      this.#lookups.under--;
      this.#looksUp = false;
      if (this.#askedAt !== null) this.#askedAt = this.#clock.now();
    };
    socket.on('lookup', onDone).on('close', onDone);
  }

  #ask(): void {
    this.#askedAt = this.#clock.now();
    this.#said = 0;
    this.#socket?.write(PING);
  }

  #onHeard(): void {
    this.#heardAt = this.#clock.now();
    this.#askedAt = null;
  }

  /**
   * Time goes by: once every PEER_PING_MS.
   * @param lateMs of it this process stood still: what has come in is not read yet
   */
  onTick(lateMs: number): void {
    this.#heardAt += lateMs;
    if (this.#askedAt !== null) this.#askedAt += lateMs;
    const askedAt = this.#looksUp ? null : this.#askedAt;
    if (askedAt !== null && this.#clock.now() - askedAt >= CONTROL_ANSWER_MS) this.close();
    if (this.#socket === null) this.#connect();
    else if (this.#askedAt === null) this.#ask();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
  }
}
