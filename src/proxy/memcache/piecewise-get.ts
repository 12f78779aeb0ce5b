import { MC_GET, MC_GETS } from '../../protocol/frame-table.ts';
import { END } from '../../protocol/memcache/replies.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import { PiecewiseReply } from '../routing/piecewise-reply.ts';
import { sendMultiget } from './multiget.ts';
import type { MultigetReply, ReplyPlan, ReplyUse } from './multiget-reply.ts';
import { SingleItem } from './single-item.ts';

const BLANK = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const LINE_END = Buffer.from(' \r\n');

function endsWord(byte: number): boolean {
  return byte === BLANK || byte === CR || byte === LF;
}

/**
 * A get of several keys in pieces. A gat has given its items their time by then: they are only
 * read.
 */
class PiecewiseGet extends PiecewiseReply<MultigetReply> implements ReplyUse {
  readonly #command: number;

  constructor(client: ClientConnection, first: MultigetReply, request: Buffer) {
    super(client, first, request);
    const nameEnd = this.keyEnd(0);
    const name = request.toString('latin1', 0, nameEnd).trim();
    this.#command = name.endsWith('s') ? MC_GETS : MC_GET;
    const from = name.startsWith('gat') ? this.keyEnd(nameEnd) : nameEnd;
    let keys = 0;
    for (let at = from; ; keys++) {
      const end = this.keyEnd(at);
      if (end === at) break;
      at = end;
    }
    this.setKeys(keys, from);
  }

  /** @returns the offset behind the next word from `start` on; `start` when there is none */
  protected keyEnd(start: number): number {
    const { request } = this;
    let at = start;
    while (request[at] === BLANK) at++;
    const word = at;
    while (at < request.length && !endsWord(request[at])) at++;
    return at === word ? start : at;
  }

  protected readonly head = null;
  protected readonly tail = END;

  protected errorOf(): null {
    return null;
  }

  protected write(piece: MultigetReply): boolean {
    this.begin();
    const error = piece.writeItems(this.client.pipeline);
    if (error === null) return true;
    this.fail(error);
    return false;
  }

  /** An error line stands in the place of END, behind the items that came. */
  protected fail(error: Buffer): void {
    this.end(error);
    this.client.onAnswered();
  }

  elementFailed(error: Buffer): void {
    this.fail(error);
  }

  /** A piece is not even sent. */
  onRefused(error: Buffer): void {
    this.fail(error);
  }

  protected ask(keys: number, words: Buffer): boolean {
    const name = Buffer.from(this.#command === MC_GETS ? 'gets' : 'get');
    const bytes = Buffer.concat([name, words, LINE_END]);
    const request = this.requestOf(bytes);
    if (keys === 1) return new SingleItem(this.client, this).send(request, bytes);
    return sendMultiget(request, this.#command, { use: this, readAgain: null });
  }
}

/** The plan for a get that is made again in pieces where its reply is too large. */
export const READ_IN_PIECES: ReplyPlan = {
  use: null,
  readAgain: (client, reply, request) => new PiecewiseGet(client, reply, request),
};
