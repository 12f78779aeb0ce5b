import { routeKey } from '../../distribution/route.ts';
import {
  FLAG_FIRST,
  FLAG_LAST,
  NO_SERVER,
  RECORD_DEST,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_START,
} from '../../protocol/frame-table.ts';
import { FORWARD_ERROR, READS_RETRIED } from '../../stats/counters.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { StreamedReply } from '../client/streamed-reply.ts';

const WHOLE = FLAG_FIRST | FLAG_LAST;
/**
 * A server that was just lost gets a moment before the first retry, and longer before each next.
 */
const RETRY_STEP_MS = 10;

/**
 * A read that is sent again when its server fails before it begins to answer (`retry_reads`). The
 * key is looked up anew each time: its server may have been ejected meanwhile.
 */
export class RetriedRead implements ReplyTarget {
  readonly #client: ClientConnection;
  readonly #slot: number;
  readonly #request: Buffer;
  readonly #keyStart: number;
  readonly #keyLength: number;
  #left: number;
  #streamed: StreamedReply | null = null;

  /** @param keyStart address of the key in the arena, inside [start, start + length) */
  constructor(
    client: ClientConnection,
    start: number,
    length: number,
    keyStart: number,
    keyLength: number,
  ) {
    const { memory } = client.pool.engine;
    this.#client = client;
    this.#slot = client.pipeline.open();
    this.#request = Buffer.from(memory.subarray(start, start + length));
    this.#keyStart = keyStart - start;
    this.#keyLength = keyLength;
    this.#left = client.pool.config.retryReads;
    client.references++;
  }

  /** The read of a record, during a walk. */
  static ofRecord(client: ClientConnection, record: number): RetriedRead {
    const { words } = client.pool.engine;
    words[record + RECORD_DEST] = 0;
    return new RetriedRead(
      client,
      words[record + RECORD_START],
      words[record + RECORD_LENGTH],
      words[record + RECORD_KEY],
      words[record + RECORD_KEY_LENGTH],
    );
  }

  get client(): ClientConnection {
    return this.#client;
  }

  get clientAddress(): string {
    return this.#client.address;
  }

  get clientId(): number {
    return this.#client.id;
  }

  send(connection: BackendConnection): void {
    connection.out.append(this.#request);
    connection.sentFor(this, this.#request.length);
  }

  onReply(start: number, length: number, info: number): void {
    const client = this.#client;
    const last = (info & FLAG_LAST) !== 0;
    if (last) client.references--;
    if (client.closed) {
      if (last) client.releaseIfDone();
      return;
    }
    const { engine } = client.pool;
    if ((info & WHOLE) === WHOLE) {
      const reply = Buffer.from(engine.memory.subarray(start, start + length));
      client.pipeline.deliver(this.#slot, reply);
    } else {
      this.#streamed ??= new StreamedReply(engine, client, this.#slot);
      this.#streamed.push(start, length, last);
    }
    engine.turn.markClient(client);
  }

  onFailure(error: Buffer): void {
    const client = this.#client;
    if (this.#streamed !== null) {
      client.references--;
      this.#streamed.fail(error);
      client.releaseIfDone();
      return;
    }
    if (this.#left === 0 || client.closed) {
      this.#giveUp(error);
      return;
    }
    this.#left--;
    client.pool.counters[READS_RETRIED]++;
    const wait = RETRY_STEP_MS * (client.pool.config.retryReads - this.#left);
    const { guard } = client.pool.engine;
    setTimeout(
      guard.bind(client, () => this.#retry(error)),
      wait,
    );
  }

  #retry(error: Buffer): void {
    const client = this.#client;
    const { pool } = client;
    const { engine, health } = pool;
    engine.now = Math.floor(performance.now());
    if (health.due !== 0 && engine.now > health.due) health.readmit(engine.now);
    const server = routeKey(
      this.#request,
      this.#keyStart,
      this.#keyLength,
      engine.words,
      pool.descriptor,
    );
    const target = client.closed || server === NO_SERVER ? undefined : pool.servers[server];
    const connection = target?.connectionFor(client.id, client.lane) ?? null;
    if (connection === null) this.onFailure(error);
    else this.send(connection);
  }

  #giveUp(error: Buffer): void {
    const client = this.#client;
    client.references--;
    if (client.closed) {
      client.releaseIfDone();
      return;
    }
    client.pool.counters[FORWARD_ERROR]++;
    client.pipeline.deliver(this.#slot, error);
    client.pool.engine.turn.markClient(client);
  }
}
