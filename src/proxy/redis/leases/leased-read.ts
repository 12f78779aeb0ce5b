import {
  FRAME_TABLE,
  NO_SERVER,
  RECORD_SERVER,
  WINDOW,
  WINDOW_BYTES,
} from '../../../protocol/frame-table.ts';
import { READS_IN_PIECES } from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { FAILURE_REFUSED, failureOf } from '../../backend/failure.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import type { Server } from '../../pool/server.ts';
import { failureReply } from '../failure-reply.ts';
import { LeasedRequest } from './leased-request.ts';

/**
 * A plain read whose reply is so large that others would wait behind it: it is made again over a
 * connection of its own, which stands still when its client takes no more.
 */
export class LeasedRead extends LeasedRequest {
  readonly #request: Buffer;

  /** @param request whole, of one key; must not change any more */
  constructor(client: ClientConnection, request: Buffer) {
    super(client);
    this.#request = request;
    this.claim.keep({ drop: () => {} }, request.length);
    client.pool.counters[READS_IN_PIECES]++;
  }

  /** Between two reads: the window is nobody's. */
  protected place(): Server | Buffer {
    const { engine, protocol, descriptor, servers } = this.client.pool;
    const length = this.#request.copy(engine.memory, WINDOW, 0, WINDOW_BYTES);
    engine.loadState(null);
    const count = protocol.scanRequests(WINDOW, WINDOW + length, FRAME_TABLE, 1, descriptor);
    const server = count === 1 ? engine.words[FRAME_TABLE / 4 + RECORD_SERVER] : NO_SERVER;
    return servers[server] ?? failureReply(failureOf(FAILURE_REFUSED));
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
