import type { CommandSpec } from '../../../protocol/redis/table/commands.ts';
import { FORWARD_ERROR } from '../../../stats/counters.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { PiecewiseReply } from '../../routing/piecewise-reply.ts';
import type { CoalescedReply, ReadAgain, ReplyUse } from './coalesced-reply.ts';
import { sendFragments } from './fragmented-request.ts';
import { SingleValue } from './single-value.ts';

const CR = 0x0d;

/** MGET over several servers in pieces. */
class PiecewiseRead extends PiecewiseReply<CoalescedReply> implements ReplyUse {
  readonly #spec: CommandSpec;
  readonly #name: Buffer;

  constructor(client: ClientConnection, first: CoalescedReply, request: Buffer, spec: CommandSpec) {
    super(client, first, request);
    this.#spec = spec;
    const headEnd = request.indexOf(CR);
    this.#name = request.subarray(headEnd + 2, this.keyEnd(headEnd + 2));
    const keys = Number(request.toString('latin1', 1, headEnd)) - 1;
    this.setKeys(keys, headEnd + 2 + this.#name.length);
  }

  protected keyEnd(start: number): number {
    const lineEnd = this.request.indexOf(CR, start);
    return lineEnd + 4 + Number(this.request.toString('latin1', start + 1, lineEnd));
  }

  protected get head(): Buffer {
    return Buffer.from(`*${this.keys}\r\n`);
  }

  protected readonly tail = null;

  protected errorOf({ error }: CoalescedReply): Buffer | null {
    return error;
  }

  protected write(piece: CoalescedReply): boolean {
    const { error } = piece;
    if (error !== null) {
      this.fail(error);
      return false;
    }
    this.begin();
    if (piece.writeElements(this.client.pipeline)) return true;
    this.elementLost();
    return false;
  }

  /** An error stands for the whole reply, or there is none any more. */
  protected fail(error: Buffer): void {
    this.client.pool.counters[FORWARD_ERROR]++;
    if (this.begun) {
      this.elementLost();
      return;
    }
    this.leave();
    this.claim.deliver(error);
  }

  elementFailed(error: Buffer): void {
    if (!this.client.pool.config.perKeyFailure) {
      this.fail(error);
      return;
    }
    this.begin();
    this.client.pipeline.out.copy(error);
    this.pieceDone();
  }

  /** A piece is not even sent. */
  onRefused(error: Buffer): void {
    this.fail(error);
    if (this.claim.closed) this.claim.forget();
  }

  protected ask(keys: number, words: Buffer): boolean {
    const bytes = Buffer.concat([Buffer.from(`*${keys + 1}\r\n`), this.#name, words]);
    const request = this.requestOf(bytes);
    if (keys > 1) return sendFragments(request, this.#spec, null, this);
    return new SingleValue(this.client, this).send(request, bytes);
  }
}

/** Makes an MGET again, in pieces. */
export const readInPieces: ReadAgain = (client, reply, request, spec) => {
  return new PiecewiseRead(client, reply, request, spec);
};
