import { SHOWN_KEY_BYTES, TRANSACTION_SELECTS, UNKNOWN_SHOWN_WORDS } from '../../../limits.ts';
import { NO_COMMAND, NO_SERVER } from '../../../protocol/frame-table.ts';
import * as texts from '../../../protocol/redis/replies/listening-replies.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import { arityFits, type CommandSpec } from '../../../protocol/redis/table/commands.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { MUST_SEND, WAIT } from '../../client/router.ts';
import type { Transaction } from '../../client/session/transaction.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Server } from '../../pool/server.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { NOT_ONE, scanOne } from '../../routing/scan-one.ts';
import { NO_KEY } from '../common-server.ts';
import { failureReply } from '../failure-reply.ts';
import { touches } from '../monitor/monitor.ts';
import { Words } from '../words.ts';
import { addedCommand, type Placement, placementOf, rowOf } from './placement.ts';

/** What Redis carries out between MULTI and EXEC instead of keeping it. */
const CARRIED_OUT: ReadonlySet<string> = new Set(['MULTI', 'EXEC', 'DISCARD', 'RESET', 'QUIT']);

/**
 * A request between MULTI and EXEC: kept, if all keys of the transaction live on one server.
 * @returns null when it is carried out as usual
 */
export function handleQueueing(
  request: SpecialRequest,
  spec: CommandSpec | null,
  badArity: boolean,
): boolean | null {
  const { client } = request;
  const transaction = client.session.transaction as Transaction;
  if (spec === null) return keepUnknown(request, transaction);
  if (badArity) {
    // EXEC with words behind it ends the transaction, whatever was asked for before.
    if (spec.name !== 'EXEC') transaction.fail();
    return null;
  }
  if (CARRIED_OUT.has(spec.name)) return null;
  if (client.session.monitoring !== null && touches(spec)) {
    return refuse(client, transaction, texts.MONITOR_TOUCHES_NOTHING);
  }
  if (spec.name === 'WATCH') return answer(client, replies.WATCH_IN_MULTI);
  return keep(request, transaction, placementOf(request, spec));
}

/** A command that the table does not have: no server is asked for it here. */
function keepUnknown(request: SpecialRequest, transaction: Transaction): boolean {
  const { client } = request;
  const words = Words.of(request);
  const name = words.text(0).toUpperCase();
  const spec = addedCommand(client.pool, name);
  if (spec !== null && arityFits(spec.arity, words.count)) {
    return keep(request, transaction, placementOf(request, spec));
  }
  transaction.fail();
  if (spec !== null) return answer(client, replies.wrongArity(name));
  return answer(client, replies.unknownCommand(words.texts(0, UNKNOWN_SHOWN_WORDS)));
}

function keep(request: SpecialRequest, transaction: Transaction, placement: Placement): boolean {
  const { client, start, length } = request;
  const { config, engine } = client.pool;
  if (placement.server === NO_SERVER && !transaction.failed) {
    client.router.choose(client, NO_SERVER, client.lane, request.intent);
    if (client.router.verdict === WAIT) return false;
  }
  const error = placement.error ?? refusal(client, transaction, placement);
  if (error !== null) return refuse(client, transaction, error);
  if (transaction.length + length > config.maxTransaction) {
    return refuse(client, transaction, replies.transactionTooLarge(config.maxTransaction));
  }
  if (placement.selects !== null) transaction.addSelect(placement.selects);
  transaction.add(engine.memory, start, length);
  engine.turn.markClient(client);
  return answer(client, replies.QUEUED);
}

function refuse(client: ClientConnection, transaction: Transaction, error: Buffer): true {
  transaction.fail();
  return answer(client, error);
}

/** Why the request cannot be part of this transaction; null when it can. */
function refusal(
  { pool }: ClientConnection,
  transaction: Transaction,
  placement: Placement,
): Buffer | null {
  const { server, selects } = placement;
  if (selects !== null && transaction.selected.length === TRANSACTION_SELECTS) {
    return replies.tooManySelects(TRANSACTION_SELECTS);
  }
  if (server === NO_KEY || transaction.failed) return null;
  transaction.ringNumber ??= pool.ringNumber;
  // Since the ring has changed its keys are looked up anew, once, when EXEC comes.
  if (transaction.ringNumber !== pool.ringNumber) return null;
  return join(pool, transaction, placement);
}

/** One more key of the transaction. @returns the error when it is elsewhere, or null */
function join(
  pool: Pool,
  transaction: Transaction,
  { server, slot, key }: Placement,
): Buffer | null {
  const chosen = pool.servers[server];
  if (transaction.server === null) {
    transaction.server = chosen;
    transaction.key = key.slice(0, SHOWN_KEY_BYTES);
    transaction.slot = slot;
    return null;
  }
  if (pool.slots !== null) return slot === transaction.slot ? null : replies.CROSS_SLOT;
  const { distribution, hashTag } = pool.config;
  if (chosen === transaction.server || distribution === 'random') return null;
  const first = [transaction.key, transaction.server.name] as const;
  return replies.crossServer(first, [key, chosen.name], hashTag !== null);
}

/** The server that a transaction goes to, when EXEC comes. @returns null when there is none */
export function serverOfTransaction(
  client: ClientConnection,
  transaction: Transaction,
): Server | null {
  const { pool } = client;
  if (transaction.ringNumber !== pool.ringNumber) reroute(client, transaction);
  if (transaction.failed) return null;
  return transaction.server ?? pool.servers[pool.placeholderServer()] ?? null;
}

/** The ring has changed: whatever has no common server any more makes the transaction fail. */
function reroute(client: ClientConnection, transaction: Transaction): void {
  const { pool } = client;
  transaction.ringNumber = pool.ringNumber;
  transaction.server = null;
  for (let i = 0; i < transaction.count; i++) {
    const placement = placementAgain(client, transaction.request(i));
    if (placement !== null && placement.error === null) {
      if (placement.server === NO_KEY) continue;
      if (join(pool, transaction, placement) === null) continue;
    }
    transaction.fail();
    return;
  }
}

/**
 * Finds the place of a request anew that was kept.
 * @param row of its command, when that is known @returns null when it makes no sense any more
 */
function placementAgain(
  client: ClientConnection,
  bytes: Buffer,
  row: CommandSpec | null = null,
): Placement | null {
  const { pool } = client;
  // It may have been kept by another process, which had more room.
  if (bytes.length > pool.engine.assembledRoom) return null;
  const start = pool.engine.placeAssembled(bytes);
  const info = scanOne(pool, start, bytes.length);
  if (info === NOT_ONE) return null;
  const request: SpecialRequest = { client, start, length: bytes.length, intent: MUST_SEND };
  const spec = row ?? rowOf(request, info & NO_COMMAND);
  return spec === null ? null : placementOf(request, spec);
}

/** A kept request of one server, and the ring that said so. */
export interface KeptPlace {
  readonly request: Buffer;
  readonly spec: CommandSpec;
  /** Null when no server had its key. */
  readonly server: Server | null;
  readonly ringNumber: number;
}

/**
 * @returns the server that a kept request goes to now, or the error that it is answered with; null
 * when no server has its key
 */
export function serverAgain(
  client: ClientConnection,
  { request, spec, server, ringNumber }: KeptPlace,
): Server | Buffer | null {
  const { pool } = client;
  if (pool.ringNumber === ringNumber) return server;
  const again = placementAgain(client, request, spec);
  if (again === null) return failureReply(pool.nowhere);
  if (again.server === NO_SERVER) return null;
  if (again.error !== null) return again.error;
  return again.server === NO_KEY ? server : pool.servers[again.server];
}
