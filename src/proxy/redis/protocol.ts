import { FIRST_WORDS } from '../../acl/first-words.ts';
import type { User } from '../../acl/user.ts';
import type { PoolConfig } from '../../config/index.ts';
import type { Codec } from '../../protocol/codec.ts';
import {
  FLAG_SPECIAL,
  FRAME_TABLE,
  NO_COMMAND,
  NO_SERVER,
  RECORD_INFO,
  RECORD_SERVER,
} from '../../protocol/frame-table.ts';
import { bulkReplyBytes } from '../../protocol/redis/replies/bulk-bytes.ts';
import * as replies from '../../protocol/redis/replies/replies.ts';
import { requestHead } from '../../protocol/redis/request-head.ts';
import { protocolError } from '../../protocol/redis/scan/protocol-error.ts';
import { redisClasses } from '../../protocol/redis/table/command-classes.ts';
import { COMMANDS } from '../../protocol/redis/table/commands.ts';
import type { RequestHead } from '../../protocol/request-head.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INTERNAL, type Failure, failureOf } from '../backend/failure.ts';
import type { KnownServer, SlotProtocol } from '../backend/server-protocol.ts';
import type { Sampler } from '../client/access/sampler.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { ClientProtocol, LoginRules } from '../client/protocol.ts';
import { MUST_SEND } from '../client/router.ts';
import type { SavedSession } from '../client/session/session.ts';
import type { SavedSubscriptions } from '../client/session/subscriptions.ts';
import type { SwallowingSource } from '../engine/receiver.ts';
import type { DoorMove } from '../pool/failover/doors.ts';
import type { Pool } from '../pool/pool.ts';
import type { Preparation } from '../pool/protocol.ts';

import { LeasedRead } from '../routing/leased-read.ts';
import { PassedReply } from '../routing/passed-reply.ts';
import { auditOf, closeAudit } from './access/audit.ts';
import { gateOf, type UserGate } from './access/gate.ts';
import {
  ASKING,
  redirection,
  requestKeys,
  requestSlot,
  slotFailure,
} from './cluster/redirection.ts';
import { allowedCommands } from './command-rules.ts';
import { commonServer } from './common-server.ts';
import { handleSpecial } from './dispatch.ts';
import { failureReply } from './failure-reply.ts';
import { handshake } from './handshake.ts';
import { knownInfoOf } from './info/server-info.ts';
import { knownMonitorsOf } from './monitor/monitors.ts';
import { refusal, repeatable } from './not-executed.ts';
import { hubsOf, prepareHubs } from './pubsub/hub/hubs.ts';
import { resumeSubscriptions } from './pubsub/moves/arrivals.ts';
import { tellOfMoves } from './pubsub/sentinel-channels.ts';
import { tellArrived } from './tracking/arrived.ts';
import { resume } from './tracking/commands.ts';
import { knownTrackerOf } from './tracking/trackers.ts';

const PUSH = 0x3e; // '>'

const OPEN_COMMANDS: readonly boolean[] = COMMANDS.map(({ name }) => FIRST_WORDS.has(name));

const LOGIN: LoginRules = {
  words: FIRST_WORDS,
  isOpen: (command) => OPEN_COMMANDS[command] === true,
  refusal: replies.NO_AUTH,
  refusalWithUsers: replies.NO_AUTH_OF_REDIS,
};

/** RESP, spoken by pools with `redis: true`. */
export class RedisProtocol implements ClientProtocol {
  readonly #codec: Codec;
  readonly login: LoginRules = LOGIN;
  readonly unfinished: Buffer = replies.UNFINISHED;
  readonly probeAnswer: number = 0x2b; // '+'
  readonly slots: SlotProtocol = {
    redirection,
    requestSlot,
    requestKeys,
    failure: slotFailure,
    asking: ASKING,
  };
  readonly probe: Buffer = Buffer.from('*1\r\n$4\r\nPING\r\n');
  readonly classes: Uint8Array = redisClasses();
  readonly tooManyClients: Buffer = replies.TOO_MANY_CLIENTS;
  readonly protectedMode: Buffer = replies.PROTECTED_MODE;
  readonly internalError: Buffer = failureReply(failureOf(FAILURE_INTERNAL));

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number {
    return this.#codec.scanRequests(start, end, table, limit, pool);
  }

  scanReplies(start: number, end: number, table: number, limit: number): number {
    return this.#codec.scanReplies(start, end, table, limit);
  }

  handleSpecial(
    client: ClientConnection,
    start: number,
    length: number,
    info: number,
    intent: number,
  ): boolean {
    return handleSpecial(client, start, length, info, intent);
  }

  gateOf(pool: PoolConfig, user: User): UserGate | null {
    return gateOf(pool, user);
  }

  auditOf(config: PoolConfig): Sampler | null {
    return auditOf(config);
  }

  allowedCommands(config: PoolConfig): Uint8Array | null {
    return allowedCommands(config);
  }

  requestHead(head: Buffer): RequestHead {
    return requestHead(head);
  }

  isRead(command: number): boolean {
    return COMMANDS[command]?.access === 'r';
  }

  readAlone(client: object, request: Buffer, source: SwallowingSource | null): void {
    new LeasedRead(client as ClientConnection, request, source);
  }

  bodyReply(client: object, connection: BackendConnection): PassedReply | null {
    const { pool, claims } = client as ClientConnection;
    if (pool.mover === null) return null;
    return new PassedReply(client as ClientConnection, connection, claims.claim());
  }

  serverOfRead(client: object, start: number, length: number): number {
    const { words } = (client as ClientConnection).pool.engine;
    const record = FRAME_TABLE / 4;
    const info = words[record + RECORD_INFO];
    if ((info & FLAG_SPECIAL) === 0) return words[record + RECORD_SERVER];
    const request = { client: client as ClientConnection, start, length, intent: MUST_SEND };
    const place = commonServer(request, COMMANDS[info & NO_COMMAND]);
    return typeof place === 'number' ? place : NO_SERVER;
  }

  noLease(server: string): Buffer {
    return replies.noLease(server);
  }

  replyBytes(bytes: Uint8Array, start: number, length: number): number {
    return bulkReplyBytes(bytes, start, start + length);
  }

  handshake(connection: BackendConnection): void {
    handshake(connection);
  }

  joiner(): null {
    return null;
  }

  unaskedType(resp: number): number {
    return resp === 3 ? PUSH : 0;
  }

  /** Shared connections subscribe to nothing: what a server pushes there is nobody's. */
  onUnasked(): void {}

  onServerBack(server: KnownServer): void {
    knownInfoOf(server)?.askAgain();
    for (const hub of hubsOf(server.pool)) hub.onMoved();
    knownTrackerOf(server.pool)?.onRing();
    knownMonitorsOf(server.pool)?.setServers();
  }

  onServerGone(server: object): void {
    knownInfoOf(server)?.stop();
  }

  prepare(pool: object, next: PoolConfig): Preparation {
    return prepareHubs(pool, (hub) => hub.prepare(next));
  }

  onRing(pool: object): void {
    for (const hub of hubsOf(pool)) hub.onRing();
    knownTrackerOf(pool)?.onRing();
    knownMonitorsOf(pool)?.setServers();
  }

  onDoors(pool: object, moves: readonly DoorMove[]): void {
    tellOfMoves(pool as Pool, moves);
  }

  onTrackingClosed(pool: object, connection: BackendConnection): void {
    knownTrackerOf(pool)?.onLaneClosed(connection);
  }

  resumeTracking(client: ClientConnection, saved: SavedSession): void {
    resume(client, saved);
  }

  tellToForget(client: ClientConnection): void {
    tellArrived(client);
  }

  resumeSubscriptions(client: ClientConnection, saved: SavedSubscriptions): void {
    resumeSubscriptions(client, saved);
  }

  onPoolGone(pool: object): void {
    closeAudit(pool as Pool);
    for (const hub of hubsOf(pool)) hub.close();
    knownTrackerOf(pool)?.close();
    knownMonitorsOf(pool)?.close();
  }

  malformed(error: number, byte: number): Buffer {
    return protocolError(error, byte);
  }

  complaint(): null {
    return null;
  }

  refusal(memory: Buffer, start: number, length: number): number {
    return refusal(memory, start, length);
  }

  repeatable(request: Buffer): number {
    return repeatable(request);
  }

  failure(failure: Failure): Buffer {
    return failureReply(failure);
  }

  tooLarge(limit: number): Buffer {
    return replies.error(`request is larger than max_assembled_request (${limit} bytes)`);
  }
}
