import { FLAG_LAST, MC_REPLY_ERROR, NO_COMMAND, WHOLE } from '../../protocol/frame-table.ts';
import { REPLIES_TOO_LARGE } from '../../stats/counters.ts';
import type { ReplyTarget } from '../backend/in-flight.ts';
import type { Claim } from '../client/claims.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { ClientPipeline } from '../client/client-pipeline.ts';
import type { StoredReply } from '../client/stored-reply.ts';
import { REPLY_TOO_LARGE } from './failure-reply.ts';

const LETTER_M = 0x4d;
const LETTER_N = 0x4e;
const MARKER_REPLY_BYTES = 4; // "MN\r\n"

/** What ringway sends behind a quiet command, to know when there is no reply. */
export const MARKER: Buffer = Buffer.from('mn\r\n');

/**
 * The reply to a quiet meta command, if there is one. Such a command is sent with an `mn` of our
 * own behind it: whatever comes before that one's reply belongs to the command. As each quiet
 * command keeps its place among the client's requests, replies of several servers come out in the
 * order one memcached would give them, and the client's own `mn` behind them all.
 */
export class QuietReply implements ReplyTarget, StoredReply {
  readonly #client: ClientConnection;
  readonly claim: Claim;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #replies = 0;
  #overflown = false;
  distrusts = false;
  /** The marker is answered: nothing more belongs to this command. */
  #complete = false;

  constructor(client: ClientConnection) {
    this.#client = client;
    this.claim = client.claims.claim();
  }

  onReply(start: number, length: number, info: number): void {
    const last = (info & FLAG_LAST) !== 0;
    if (last) this.#replies++;
    // A server without meta commands answers the marker with an error: the second reply is its.
    const isError = (info & NO_COMMAND) >= MC_REPLY_ERROR;
    this.#complete = this.#isMarker(start, length, info) || (this.#replies === 2 && isError);
    if (this.#complete) this.#store();
    else if (this.#replies === 2) this.distrusts = true;
    else this.#keep(start, length);
  }

  awaitsMore(): boolean {
    return !this.#complete;
  }

  #isMarker(start: number, length: number, info: number): boolean {
    if ((info & WHOLE) !== WHOLE || length !== MARKER_REPLY_BYTES) return false;
    const { bytes } = this.#client.pool.engine;
    return bytes[start] === LETTER_M && bytes[start + 1] === LETTER_N;
  }

  #keep(start: number, length: number): void {
    const client = this.#client;
    if (this.claim.closed || this.#overflown || this.#replies > 1) return;
    if (client.overOutputLimit()) {
      this.#overflown = true;
      client.pool.counters[REPLIES_TOO_LARGE]++;
      this.#replace(REPLY_TOO_LARGE);
      return;
    }
    this.#pieces.push(client.pool.engine.copyOf(start, length));
    this.#bytes += length;
    client.pipeline.keep(this, length);
  }

  #replace(reply: Buffer): void {
    const { pipeline } = this.#client;
    pipeline.free(this.#bytes);
    pipeline.hold(reply.length);
    this.#pieces = [reply];
    this.#bytes = reply.length;
  }

  onFailure(error: Buffer): void {
    this.#replace(error);
    this.#store();
  }

  #store(): void {
    this.#client.pipeline.release(this, 0);
    this.claim.store(this);
  }

  writeTo(pipeline: ClientPipeline): boolean {
    for (const piece of this.#pieces) pipeline.out.append(piece);
    this.drop();
    return true;
  }

  drop(): void {
    this.#client.pipeline.free(this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
  }
}
