import { COPY_LIMIT } from '../../../limits.ts';
import { LOG_WARN } from '../../../log.ts';
import { FLAG_LAST } from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { REQUESTS } from '../../../stats/counters.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import { reasonText } from '../../backend/failure.ts';
import type { ReplyTarget } from '../../backend/in-flight.ts';
import { EXEC, type Transaction } from '../../client/session/transaction.ts';
import type { ReplyClaim } from '../../engine/receiver.ts';
import type { PassedReply } from '../../routing/passed-reply.ts';

const STATUS = 0x2b; // '+'
const ERROR = 0x2d; // '-'

/** Reads an error line. @returns it without "-" and line end, latin1 */
export function errorText(connection: BackendConnection, start: number, length: number): string {
  const { memory } = connection.owner.pool.engine;
  return reasonText(memory.toString('latin1', start + 1, start + Math.max(1, length - 2)));
}

/**
 * The replies to MULTI and to each request of a block. After an error EXEC carries nothing out, and
 * its client hears why. A server that does not begin the transaction carries out one request after
 * the other: then whose reply is whose cannot be known.
 */
class BlockReplies implements ReplyTarget {
  readonly #connection: BackendConnection;
  readonly #exec: PassedReply;
  #begun = false;
  #left: number;
  distrusts = false;
  readonly several = true;

  /** @param requests between MULTI and EXEC */
  constructor(connection: BackendConnection, exec: PassedReply, requests: number) {
    this.#connection = connection;
    this.#exec = exec;
    this.#left = requests + 1;
  }

  get claim(): ReplyClaim {
    return this.#exec.claim;
  }

  onReply(start: number, length: number, info: number): void {
    const type = info & 0xff;
    if ((info & FLAG_LAST) !== 0 && type === STATUS) {
      this.#begun = true;
      return;
    }
    if (type === ERROR && this.#begun && this.#isElsewhere(start, length)) return;
    const text = type === ERROR ? errorText(this.#connection, start, length) : 'unexpected reply';
    if (!this.#begun || type !== ERROR) this.distrusts = true;
    const exec = this.#exec;
    exec.instead ??= this.distrusts ? replies.notBegun(text) : replies.execAborted(text);
    const { owner } = this.#connection;
    owner.log(LOG_WARN, `server ${owner.title} refuses a transaction: ${text}`, { reason: text });
  }

  /** Its slot is at another node: EXEC carries nothing out. */
  #isElsewhere(start: number, length: number): boolean {
    const { mover, protocol, engine } = this.#connection.owner.pool;
    const redirection = protocol.slots?.redirection(engine.memory, start, length) ?? null;
    if (redirection === null || mover === null) return false;
    const exec = this.#exec;
    exec.redirection ??= redirection;
    const said = mover.learn(this.#connection, redirection);
    exec.instead ??= replies.execAborted(said.toString('latin1', 1, said.length - 2));
    return true;
  }

  awaitsMore(): boolean {
    return --this.#left > 0;
  }

  onFailure(): void {}
}

/**
 * Sends MULTI, what was asked for and EXEC in one stretch, so that nothing comes between them.
 * @param exec gets EXEC's reply
 */
export function sendBlock(
  connection: BackendConnection,
  transaction: Transaction,
  exec: PassedReply,
): void {
  const { count } = transaction;
  const block = transaction.end();
  if (block.length <= COPY_LIMIT) connection.out.copy(block);
  else connection.out.append(block);
  const queued = new BlockReplies(connection, exec, count);
  connection.sentUnmeasured(queued, block.length - EXEC.length);
  connection.sentFor(exec, EXEC.length, { bytes: EXEC, start: 0, length: EXEC.length });
  // MULTI and EXEC were counted.
  connection.owner.counters[REQUESTS] += count;
}
