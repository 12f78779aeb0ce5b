import type { ReplyReceiver, SendGate } from '../engine/receiver.ts';
import type { Turn } from '../engine/turn.ts';

/**
 * Clients that have a request for a connection which must first take what is queued to it, or for a
 * server that must be reached first. A client waits in one place at a time, and nowhere when it is
 * gone: a server may stand still for ever.
 */
export class WaitingClients {
  readonly #source: SendGate;
  readonly #turn: Turn;
  #clients: Set<ReplyReceiver> = new Set();

  constructor(source: SendGate, turn: Turn) {
    this.#source = source;
    this.#turn = turn;
  }

  add(client: ReplyReceiver): void {
    if (client.waitsFor === this.#source) return;
    client.waitsFor?.stopWaiting(client);
    client.waitsFor = this.#source;
    this.#clients.add(client);
  }

  get count(): number {
    return this.#clients.size;
  }

  /** The client waits no more. */
  forget(client: ReplyReceiver): void {
    if (client.waitsFor === this.#source) client.waitsFor = null;
    this.#clients.delete(client);
  }

  /** Each goes on at the end of this turn. */
  wake(): void {
    const clients = this.#clients;
    if (clients.size === 0) return;
    this.#clients = new Set();
    for (const client of clients) {
      if (client.waitsFor === this.#source) client.waitsFor = null;
      this.#turn.markClient(client);
    }
  }
}
