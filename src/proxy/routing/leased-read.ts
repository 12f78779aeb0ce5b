import { SWALLOW_LOOK_MS } from '../../limits.ts';
import { FRAME_TABLE, NO_SERVER, WINDOW, WINDOW_BYTES } from '../../protocol/frame-table.ts';
import { READS_IN_PIECES } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { NOTHING_MORE } from '../client/stored-reply.ts';
import type { SwallowingSource } from '../engine/receiver.ts';
import type { Server } from '../pool/server.ts';
import { LeasedRequest } from './leased-request.ts';

/**
 * A read for one server whose reply is so large that others would wait behind it: it is made again
 * over a connection of its own, which stands still when its client takes no more.
 */
export class LeasedRead extends LeasedRequest {
  readonly #request: Buffer;
  readonly #source: SwallowingSource | null;
  #looks = false;

  /**
   * @param request whole, and no longer than the window; must not change any more
   * @param source the rest of its first reply comes from there; null = nothing does
   */
  constructor(client: ClientConnection, request: Buffer, source: SwallowingSource | null) {
    super(client);
    this.#request = request;
    this.#source = source;
    this.claim.keep(NOTHING_MORE, request.length);
    client.pool.counters[READS_IN_PIECES]++;
  }

  /** Others wait behind its first reply: the second must not slow that down. */
  override advance(): void {
    if (this.#source?.swallows) this.#lookAgain();
    else super.advance();
  }

  #lookAgain(): void {
    if (this.#looks) return;
    this.#looks = true;
    const { client } = this;
    const look = client.pool.engine.guard.bind(client, () => {
      this.#looks = false;
      if (!client.closed) client.onAnswered();
    });
    setTimeout(look, SWALLOW_LOOK_MS).unref();
  }

  /** Between two reads: the window is nobody's. */
  protected place(): Server | Buffer {
    const { client } = this;
    const { engine, protocol, descriptor, servers, nowhere } = client.pool;
    const length = this.#request.copy(engine.memory, WINDOW, 0, WINDOW_BYTES);
    engine.loadState(null);
    const count = protocol.scanRequests(WINDOW, WINDOW + length, FRAME_TABLE, 1, descriptor);
    const server = count === 1 ? client.protocol.serverOfRead(client, WINDOW, length) : NO_SERVER;
    return servers[server] ?? protocol.failure(nowhere);
  }

  protected send(connection: BackendConnection): void {
    const bytes = this.#request;
    connection.out.append(bytes);
    const head = { bytes, start: 0, length: bytes.length };
    connection.sentFor(this.passReply(connection), bytes.length, head);
  }

  protected answered(): void {
    this.giveBack();
  }
}
