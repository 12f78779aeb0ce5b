import type { Socket } from 'node:net';
import { CONTROL_ANSWER_MS, PEER_DEAD_MS } from '../../limits.ts';
import { type DialTarget, dialPlain } from '../../net/dial.ts';
import { onOpen } from '../../net/tls-client.ts';
import { encodeText } from '../../protocol/redis/replies/encode.ts';
import type { Clock } from '../clock.ts';
import { type Address, addressText } from '../facts.ts';

const PING = encodeText('PING');

/**
 * Whether another proxy is there: it is asked every second. Any answer will do: one that wants a
 * password is there for those who know it.
 */
export class PeerLink {
  readonly name: string;
  readonly #target: DialTarget;
  readonly #clock: Clock;
  #socket: Socket | null = null;
  #heardAt: number;
  /** Since when it owes an answer; null = it owes none. */
  #askedAt: number | null = null;

  /** @param isMissed it was away until now */
  constructor(address: Address, tls: DialTarget['tls'], clock: Clock, isMissed: boolean) {
    this.name = addressText(address);
    this.#target = { kind: 'tcp', ...address, path: '', tls };
    this.#clock = clock;
    this.#heardAt = isMissed ? Number.NEGATIVE_INFINITY : clock.now();
    this.#connect();
  }

  get alive(): boolean {
    return this.#clock.now() - this.#heardAt < PEER_DEAD_MS;
  }

  #connect(): void {
    this.#askedAt = this.#clock.now();
    let socket: Socket;
    try {
      socket = dialPlain(this.#target);
    } catch {
      return; // The next tick tries again.
    }
    this.#socket = socket;
    const isMine = (): boolean => this.#socket === socket;
    // Only a handshake shows that somebody is behind a connection.
    if (this.#target.tls !== null) onOpen(socket, () => isMine() && this.#onHeard());
    socket.on('data', () => isMine() && this.#onHeard());
    socket.on('error', () => {});
    socket.on('close', () => {
      if (isMine()) this.#socket = null;
    });
    socket.write(PING);
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
    const isLate = this.#askedAt !== null && this.#clock.now() - this.#askedAt >= CONTROL_ANSWER_MS;
    if (isLate) this.close();
    if (this.#socket === null) this.#connect();
    else if (this.#askedAt === null) {
      this.#askedAt = this.#clock.now();
      this.#socket.write(PING);
    }
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
  }
}
