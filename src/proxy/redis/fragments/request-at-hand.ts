import type { ClientConnection } from '../../client/client-connection.ts';
import type { SpecialRequest } from '../../routing/request.ts';

/** A request while it is handled; one after the other's. */
export class RequestAtHand implements SpecialRequest {
  #client: ClientConnection | null = null;
  start = 0;
  length = 0;
  intent = 0;

  /** Whether none is at hand. */
  get isFree(): boolean {
    return this.#client === null;
  }

  get client(): ClientConnection {
    return this.#client as ClientConnection;
  }

  begin(client: ClientConnection, start: number, length: number, intent: number): void {
    this.#client = client;
    this.start = start;
    this.length = length;
    this.intent = intent;
  }

  /** Whoever has kept it finds out: it has no client any more. */
  end(): void {
    this.#client = null;
  }
}
