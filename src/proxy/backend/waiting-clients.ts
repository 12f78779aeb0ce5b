import type { ReplyReceiver, ReplySource } from '../engine/receiver.ts';
import type { Turn } from '../engine/turn.ts';

/** Clients that have a request for a connection which must first take what is queued to it. */
export class WaitingClients {
  readonly #source: ReplySource;
  readonly #turn: Turn;
  #clients: ReplyReceiver[] = [];

  constructor(source: ReplySource, turn: Turn) {
    this.#source = source;
    this.#turn = turn;
  }

  add(client: ReplyReceiver): void {
    if (client.waitsFor === this.#source) return;
    client.waitsFor = this.#source;
    this.#clients.push(client);
  }

  /** Each goes on at the end of this turn. */
  wake(): void {
    const clients = this.#clients;
    if (clients.length === 0) return;
    this.#clients = [];
    for (const client of clients) {
      if (client.waitsFor === this.#source) client.waitsFor = null;
      this.#turn.markClient(client);
    }
  }
}
