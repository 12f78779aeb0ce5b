import type { Codec } from '../../protocol/codec.ts';
import {
  END_LINE,
  ERROR_BINARY_PROTOCOL,
  FLAG_NO_REPLY,
  FLAG_SPECIAL,
  FRAME_TABLE,
  MC_GET,
  MC_GETS,
  NO_SERVER,
  PART_TABLE,
  RECORD_INFO,
  RECORD_SERVER,
} from '../../protocol/frame-table.ts';
import { BINARY_REQUEST, binaryRefusal } from '../../protocol/memcache/binary.ts';
import { memcacheClasses } from '../../protocol/memcache/command-classes.ts';
import * as replies from '../../protocol/memcache/replies.ts';
import { lineHead, type RequestHead } from '../../protocol/request-head.ts';
import type { BackendConnection } from '../backend/backend-connection.ts';
import { FAILURE_INTERNAL, type Failure, failureOf } from '../backend/failure.ts';
import { EXECUTED, REPEAT_NEVER } from '../backend/server-protocol.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { ClientProtocol, LoginRules } from '../client/protocol.ts';
import type { SwallowingSource } from '../engine/receiver.ts';
import { NOTHING_TO_PREPARE, type Preparation } from '../pool/protocol.ts';
import { LeasedRead } from '../routing/leased-read.ts';
import { handleMemcacheRequest } from './dispatch.ts';
import { failureReply } from './failure-reply.ts';
import { JoinedGets } from './joined-gets.ts';

/** memcached's text and meta protocols, spoken by pools without `redis: true`. */
export class MemcacheProtocol implements ClientProtocol {
  readonly #codec: Codec;
  /** A get of several keys does not say. */
  readonly replyBytes = (): number => -1;
  /** Pools of memcached have no password. */
  readonly login: LoginRules = {
    words: new Set(),
    isOpen: () => false,
    refusal: replies.ERROR,
    refusalWithUsers: replies.ERROR,
  };
  readonly classes: Uint8Array = memcacheClasses();
  readonly unfinished: Buffer = Buffer.from(
    'CLIENT_ERROR the request was not completed in time\r\n',
  );
  readonly probe: Buffer = Buffer.from('version\r\n');
  readonly probeAnswer: number = 0x56; // 'V'
  readonly tooManyClients: Buffer = replies.TOO_MANY_CLIENTS;
  readonly protectedMode: Buffer = replies.PROTECTED_MODE;
  readonly internalError: Buffer = failureReply(failureOf(FAILURE_INTERNAL));

  constructor(codec: Codec) {
    this.#codec = codec;
    codec.arena.bytes.set(replies.END, END_LINE);
  }

  scanRequests(start: number, end: number, table: number, limit: number, pool: number): number {
    return this.#codec.scanMemcacheRequests(start, end, table, limit, pool);
  }

  scanReplies(start: number, end: number, table: number, limit: number): number {
    return this.#codec.scanMemcacheReplies(start, end, table, limit);
  }

  handleSpecial(
    client: ClientConnection,
    start: number,
    length: number,
    info: number,
    intent: number,
  ): boolean {
    return handleMemcacheRequest({ client, start, length, intent }, info);
  }

  gateOf(): null {
    return null;
  }

  auditOf(): null {
    return null;
  }

  allowedCommands(): null {
    return null;
  }

  requestHead(head: Buffer): RequestHead {
    return lineHead(head);
  }

  isRead(command: number): boolean {
    return command === MC_GET || command === MC_GETS;
  }

  readAlone(client: object, request: Buffer, source: SwallowingSource | null): void {
    new LeasedRead(client as ClientConnection, request, source);
  }

  bodyReply(): null {
    return null;
  }

  serverOfRead(client: object, start: number, length: number): number {
    const { pool } = client as ClientConnection;
    const { engine, descriptor } = pool;
    const record = FRAME_TABLE / 4;
    if ((engine.words[record + RECORD_INFO] & FLAG_SPECIAL) === 0) {
      return engine.words[record + RECORD_SERVER];
    }
    engine.takePartTable();
    const end = start + length;
    const found = engine.codec.splitMemcacheKeys(start, end, PART_TABLE, 1, 0, descriptor);
    return found === 0 ? NO_SERVER : engine.words[PART_TABLE / 4 + RECORD_SERVER];
  }

  noLease(server: string): Buffer {
    return replies.serverError(`no connection to ${server} is free (max_leased_connections)`);
  }

  handshake(): void {}

  joiner(connection: BackendConnection): JoinedGets {
    return new JoinedGets(connection.owner.pool.engine, connection);
  }

  unaskedType(): number {
    return 0;
  }

  onUnasked(): void {}

  onServerBack(): void {}

  onServerGone(): void {}

  prepare(): Preparation {
    return NOTHING_TO_PREPARE;
  }

  onDoors(): void {}

  onRing(): void {}

  onTrackingClosed(): void {}

  resumeTracking(): void {}

  tellToForget(): void {}

  resumeSubscriptions(): void {}

  onPoolGone(): void {}

  malformed(error: number, _byte: number, next: number): Buffer {
    return error === ERROR_BINARY_PROTOCOL ? binaryRefusal(next) : replies.LINE_TOO_LONG;
  }

  /** What the log says about a client that cannot be served. */
  complaint(error: number): string | null {
    if (error !== ERROR_BINARY_PROTOCOL) return null;
    const byte = `0x${BINARY_REQUEST.toString(16)}`;
    const what = `speaks memcached's binary protocol (first byte ${byte})`;
    return `${what}: switch it to the text protocol`;
  }

  /** No memcached follows another: nothing is sent again. */
  refusal(): number {
    return EXECUTED;
  }

  readonly slots: null = null;

  repeatable(): number {
    return REPEAT_NEVER;
  }

  failure(failure: Failure): Buffer {
    return failureReply(failure);
  }

  tooLarge(limit: number, info: number): Buffer | null {
    if ((info & FLAG_NO_REPLY) !== 0) return null;
    const text = `request is larger than max_assembled_request (${limit} bytes)`;
    return replies.serverError(text);
  }
}
