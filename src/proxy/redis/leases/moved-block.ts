import { REDIRECTIONS, SLOT_RETRY_MAX_MS, SLOT_RETRY_MS } from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { Redirection } from '../../backend/again/redirections.ts';
import type { BackendConnection } from '../../backend/backend-connection.ts';
import type { Failure } from '../../backend/failure.ts';
import type { Claim } from '../../client/claims.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MUST_SEND } from '../../client/router.ts';
import type { Transaction } from '../../client/session/transaction.ts';
import { millis } from '../../engine/clock.ts';
import { type LaneKey, laneKey, laneOf } from '../../pool/lanes.ts';
import type { RequestMoves } from '../../pool/slots/request-moves.ts';
import { failureReply } from '../failure-reply.ts';
import { sendBlock } from './block.ts';
import { BlockProof } from './block-proof.ts';
import { ExecReply } from './exec-reply.ts';

/**
 * A transaction whose slot a node of the cluster has sent elsewhere, or split: nothing of it was
 * carried out. It is sent again as a whole, where the slot is then.
 */
export class MovedBlock {
  readonly #client: ClientConnection;
  readonly #transaction: Transaction;
  readonly #claim: Claim;
  /** Where its client was when it said EXEC: it may be elsewhere by now. */
  readonly #lane: LaneKey;
  readonly #until: number;
  /** Where it has its place among what its client waits for. */
  readonly #mover: RequestMoves | null;
  #tries = 0;
  /** Where it was sent last, or why it was not carried out. */
  #redirection: Redirection | null = null;

  constructor(client: ClientConnection, transaction: Transaction, claim: Claim) {
    this.#client = client;
    this.#transaction = transaction;
    this.#claim = claim;
    this.#lane = laneKey(laneOf(client));
    this.#until = millis() + client.pool.config.failoverWaitMs;
    this.#mover = client.pool.mover;
  }

  /** Its place among all that its client has asked. */
  get slot(): number {
    return this.#claim.slot;
  }

  /** @returns whether it is sent again */
  again(redirection: Redirection): boolean {
    const { slot } = redirection;
    this.#redirection = redirection;
    return (slot < 0 || slot === this.#transaction.slot) && this.#sendLater();
  }

  /** @returns false when it has been tried for too long, or nobody waits for it */
  #sendLater(): boolean {
    const client = this.#client;
    if (this.#claim.closed || millis() >= this.#until) return false;
    this.#tries++;
    client.barrier();
    this.#mover?.hold(client.id, this);
    const wait = this.#tries === 1 ? 0 : SLOT_RETRY_MS << Math.min(this.#tries, REDIRECTIONS);
    const { guard } = client.pool.engine;
    setTimeout(
      guard.bind(client, () => this.#goOn()),
      Math.min(SLOT_RETRY_MAX_MS, wait),
    );
    return true;
  }

  #goOn(): void {
    let isPending = false;
    try {
      isPending = this.#send();
    } finally {
      if (!isPending) this.#letGo();
    }
  }

  /** What its client has asked behind it goes now: elsewhere, perhaps, so not before it is done. */
  #letGo(): void {
    this.#mover?.release(this.#client.id, this);
  }

  /** @returns whether it is under way, or tried again later */
  #send(): boolean {
    const client = this.#client;
    const { router, pool } = client;
    if (client.closed) {
      this.#claim.forget();
      return false;
    }
    pool.engine.readClock();
    const server = pool.slots?.serverOf(this.#transaction.slot) ?? NO_SERVER;
    const lane = pool.lanes.again(this.#lane);
    if (lane < 0) {
      this.#answer(replies.TOO_MANY_LANES);
      return false;
    }
    const connection = router.choose(client, server, lane, MUST_SEND);
    if (connection === null) {
      if (server === NO_SERVER && this.#sendLater()) {
        pool.onUnowned();
        return true;
      }
      this.#fail(router.reason);
      return false;
    }
    const { known, refusal, lost } = BlockProof.of(connection);
    if (known && refusal !== null && !lost) {
      this.#answer(replies.execAborted(refusal));
      return false;
    }
    const isNext = this.#mover?.isNext(client.id, this) ?? true;
    if (known && refusal === null && isNext) {
      sendBlock(connection, this.#transaction, this.replyOver(connection));
      return true;
    }
    const waits = this.#sendLater();
    if (!waits) this.#giveUp(pool.servers[server].lastFailure);
    return waits;
  }

  /** It has waited enough, for its slot or for what its client has asked before. */
  #giveUp(failure: Failure): void {
    const redirection = this.#redirection;
    if (redirection === null || this.#mover === null) {
      this.#fail(failure);
      return;
    }
    const said = this.#mover.refuse(redirection);
    this.#answer(replies.execAborted(said.toString('latin1', 1, said.length - 2)));
  }

  #fail(failure: Failure): void {
    this.#answer(failureReply(failure));
  }

  #answer(reply: Buffer): void {
    this.#claim.deliver(reply);
    this.#client.onAnswered();
  }

  /** What takes EXEC's reply. */
  replyOver(connection: BackendConnection): ExecReply {
    const exec = new LastReply(this.#client, connection, this.#claim, this.#transaction.slot);
    exec.again = (redirection) => {
      connection.withheld?.goOnOf(this.#client.id);
      return this.again(redirection);
    };
    exec.onOver = () => this.#letGo();
    return exec;
  }
}

/** The reply to EXEC; when it is the last, somebody is told. */
class LastReply extends ExecReply {
  readonly blockSlot: number;
  onOver: () => void = () => {};

  constructor(client: ClientConnection, connection: BackendConnection, claim: Claim, slot: number) {
    super(client, connection, claim);
    this.blockSlot = slot;
  }

  override onReply(start: number, length: number, info: number): void {
    try {
      super.onReply(start, length, info);
    } finally {
      this.#look();
    }
  }

  override onFailure(error: Buffer): void {
    try {
      super.onFailure(error);
    } finally {
      this.#look();
    }
  }

  override abandon(): void {
    super.abandon();
    this.#look();
  }

  #look(): void {
    if (this.over && !this.sentOn) this.onOver();
  }
}
