import type { Socket } from 'node:net';
import { networkOf } from './addresses/network.ts';

/** How long a connection stays as it is, and what decides which one has to go. */
interface Seat {
  readonly network: string;
  /** Its order among all changes: lower is longer ago. */
  since: number;
  /** It has asked for something and is being answered. */
  busy: boolean;
}

/**
 * The connections of a door that is not for clients. When it is full, somebody makes room for
 * whoever comes: of the network with the most connections, the one that has waited longest, first
 * of those that ask for nothing. So neither idle nor slow ones keep a probe out.
 */
export class BoundedConnections {
  readonly #limit: number;
  readonly #seats: Map<Socket, Seat> = new Map();
  #changes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#seats.size;
  }

  admit(socket: Socket): void {
    if (this.#seats.size >= this.#limit) this.#makeRoom();
    const network = networkOf(socket.remoteAddress ?? '');
    this.#seats.set(socket, { network, since: this.#changes++, busy: false });
    socket.once('close', () => this.#seats.delete(socket));
  }

  busy(socket: Socket): void {
    this.#change(socket, true);
  }

  idle(socket: Socket): void {
    this.#change(socket, false);
  }

  #change(socket: Socket, busy: boolean): void {
    const seat = this.#seats.get(socket);
    if (seat === undefined) return;
    seat.busy = busy;
    seat.since = this.#changes++;
  }

  #makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { network } of this.#seats.values()) {
      counts.set(network, (counts.get(network) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    let chosen: [Socket, Seat] | null = null;
    for (const one of this.#seats) {
      if (counts.get(one[1].network) !== most) continue;
      if (chosen === null || goesBefore(one[1], chosen[1])) chosen = one;
    }
    if (chosen === null) return;
    this.#seats.delete(chosen[0]);
    chosen[0].destroy();
  }
}

function goesBefore(a: Seat, b: Seat): boolean {
  return a.busy === b.busy ? a.since < b.since : b.busy;
}
