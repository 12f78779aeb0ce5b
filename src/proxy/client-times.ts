import type { Socket } from 'node:net';
import { LINGER_MS } from '../limits.ts';
import * as counter from '../stats/counters.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ClientInput } from './client-input.ts';

/** How long one client may be idle, take for a request, or leave its replies. */
export class ClientTimes {
  readonly #client: ClientConnection;
  readonly #socket: Socket;
  readonly #input: ClientInput;
  /** When bytes came in last. */
  readAt: number = Math.floor(performance.now());
  /** When the kernel took all bytes last. */
  wroteAt: number = this.readAt;
  #lingerUntil = 0;

  constructor(client: ClientConnection, socket: Socket, input: ClientInput) {
    this.#client = client;
    this.#socket = socket;
    this.#input = input;
  }

  /** All is answered: the client has a while to read it. @returns until when */
  linger(): number {
    this.#lingerUntil = Math.floor(performance.now()) + LINGER_MS;
    return this.#lingerUntil;
  }

  /** When its time is up; 0 = it waits for nothing. */
  due(): number {
    if (this.#lingerUntil !== 0) return this.#lingerUntil;
    const { pool, pipeline } = this.#client;
    const { clientIdleTimeoutMs, clientWriteTimeoutMs, requestReadTimeoutMs } = pool.config;
    if (this.#socket.writableLength > 0) {
      return clientWriteTimeoutMs === 0 ? 0 : this.wroteAt + clientWriteTimeoutMs;
    }
    if (pipeline.outstanding > 0 || this.#input.held) return 0;
    if (this.#input.unfinished) {
      return requestReadTimeoutMs === 0 ? 0 : this.readAt + requestReadTimeoutMs;
    }
    return clientIdleTimeoutMs === 0 ? 0 : this.readAt + clientIdleTimeoutMs;
  }

  onDue(): void {
    const client = this.#client;
    const { counters, protocol } = client.pool;
    if (this.#lingerUntil !== 0) {
      this.#lingerUntil = 0;
      this.#socket.destroy();
    } else if (this.#socket.writableLength > 0) {
      counters[counter.CLIENT_WRITE_TIMEOUTS]++;
      client.destroy('it takes none of its replies');
    } else if (this.#input.unfinished) {
      counters[counter.REQUEST_READ_TIMEOUTS]++;
      client.answer(protocol.unfinished);
      client.stopReading();
    } else {
      counters[counter.CLIENT_IDLE_TIMEOUTS]++;
      client.destroy('it was idle too long');
    }
  }
}
