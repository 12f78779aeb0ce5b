import { SHARED_BLOCK_BYTES } from '../../../limits.ts';
import { NO_SERVER } from '../../../protocol/frame-table.ts';
import { nilArray } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { WAIT } from '../../client/router.ts';
import { MONITORING, NORMAL, QUEUEING } from '../../client/session/modes.ts';
import { Transaction } from '../../client/session/transaction.ts';
import { BROKEN, NOT_WATCHING, TAINTED } from '../../client/session/watch.ts';
import { laneOf } from '../../pool/lanes.ts';
import { Patience } from '../../routing/patience.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { refusedAtExec } from '../access/recheck.ts';
import { sendBlock } from './block.ts';
import { BlockProof } from './block-proof.ts';
import { ExecReply } from './exec-reply.ts';
import { LeasedBlock, WatchedBlock } from './leased-block.ts';
import { MovedBlock } from './moved-block.ts';
import { serverOfTransaction } from './queueing.ts';
import { endWatch, watchedOf } from './watched-connection.ts';

/** Where an EXEC has waited for a proof, and how long it may do so again when that was lost. */
interface Asked {
  readonly proof: BlockProof;
  readonly patience: Patience;
}

/** By transaction. Where no master is followed once is enough. */
const asked: WeakMap<Transaction, Asked> = new WeakMap();

/** MULTI: what follows is kept until EXEC, and then sent in one piece. */
export function multi({ client }: SpecialRequest): boolean {
  if (client.session.transaction !== null) return answer(client, replies.NESTED_MULTI);
  const transaction = new Transaction();
  transaction.gate = client.gate;
  transaction.config = client.pool.config;
  const watched = watchedOf(client);
  if (watched !== null) {
    transaction.server = watched.server;
    transaction.key = watched.key;
    transaction.slot = watched.slot;
    transaction.ringNumber = watched.ringNumber;
  }
  client.session.transaction = transaction;
  client.enterMode(QUEUEING);
  return answer(client, replies.OK);
}

/** Nothing is kept and nothing is watched any more. */
function end(client: ClientConnection): void {
  leave(client);
  endWatch(client);
}

/** It goes on in the mode in which it said MULTI: there is no other one that lets it. */
function leave(client: ClientConnection): void {
  client.session.transaction = null;
  client.enterMode(client.session.monitoring === null ? NORMAL : MONITORING);
}

/** DISCARD: what was kept since MULTI is forgotten. */
export function discard({ client }: SpecialRequest): boolean {
  if (client.session.transaction === null) return answer(client, replies.noTransaction('DISCARD'));
  end(client);
  return answer(client, replies.OK);
}

/** EXEC with words behind it ends the transaction, as in Redis. */
export function execWithWords({ client }: SpecialRequest): boolean {
  end(client);
  return answer(client, replies.EXEC_ABORT_ARITY);
}

/** EXEC of a client whose user may not: what was kept is forgotten. */
export function execRefused({ client }: SpecialRequest, error: Buffer): boolean {
  end(client);
  return answer(client, replies.execAborted(error.toString('latin1', 1, error.length - 2)));
}

function endWith(client: ClientConnection, reply: Buffer): true {
  end(client);
  return answer(client, reply);
}

/** EXEC: sends all of it over the connection that the client's other requests take. */
export function exec(request: SpecialRequest): boolean {
  const { client } = request;
  const { transaction } = client.session;
  if (transaction === null) return answer(client, replies.noTransaction('EXEC'));
  const { watch } = client.session;
  const refusal = transaction.failed ? null : refusedAtExec(client, transaction);
  if (refusal !== null) return endWith(client, refusal);
  transaction.gate = client.gate;
  transaction.config = client.pool.config;
  if (transaction.failed || watch === TAINTED) return endWith(client, replies.EXEC_ABORT);
  if (watch === BROKEN) return endWith(client, nilArray(laneOf(client).resp));
  if (watch !== NOT_WATCHING) {
    leave(client);
    new WatchedBlock(client, transaction).advance();
    return true;
  }
  if (transaction.count === 0) return endWith(client, replies.NOTHING_DONE);
  if (transaction.selected.length === 0 && transaction.length <= SHARED_BLOCK_BYTES) {
    return share(request, transaction);
  }
  end(client);
  new LeasedBlock(client, transaction).advance();
  return true;
}

function share({ client, intent }: SpecialRequest, transaction: Transaction): boolean {
  const server = serverOfTransaction(client, transaction);
  if (transaction.failed) return endWith(client, replies.EXEC_ABORT);
  const before = asked.get(transaction);
  // That connection is closed, and the server would say the same on the next.
  if (before?.proof.distrusts) return endWith(client, replies.execAborted(before.proof.reason));
  const { router } = client;
  const connection = router.choose(client, server?.index ?? NO_SERVER, client.lane, intent);
  if (connection === null) {
    if (router.verdict === WAIT) return false;
    end(client);
    return client.failForward(router.reason);
  }
  const proof = BlockProof.of(connection);
  if (!proof.known) {
    if (before?.proof.lost && before.patience.afterRefusal() === null) {
      end(client);
      return client.failForward(server?.lastFailure ?? client.pool.nowhere);
    }
    const patience = before?.patience ?? new Patience(client.pool);
    asked.set(transaction, { proof, patience });
    proof.waitFor(client);
    return false;
  }
  if (proof.refusal !== null) return endWith(client, replies.execAborted(proof.refusal));
  end(client);
  const claim = client.claims.claim();
  const exec =
    client.pool.slots === null
      ? new ExecReply(client, connection, claim)
      : new MovedBlock(client, transaction, claim).replyOver(connection);
  sendBlock(connection, transaction, exec);
  return true;
}
