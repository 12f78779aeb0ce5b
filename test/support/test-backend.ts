import type { Socket } from 'node:net';
import type { PoolConfig, ServerConfig } from '../../src/config/index.ts';
import type { SendQueue } from '../../src/net/send-queue.ts';
import { RECORD_DEST, WINDOW } from '../../src/protocol/frame-table.ts';
import type { BackendConnection } from '../../src/proxy/backend/backend-connection.ts';
import { InFlight, type ReplyTarget, type RequestHead } from '../../src/proxy/backend/in-flight.ts';
import { Lane } from '../../src/proxy/backend/lane.ts';
import { PURPOSE_SHARED } from '../../src/proxy/backend/owned-connection.ts';
import type { ConnectionOwner, Heir, OwnerPool } from '../../src/proxy/backend/owner.ts';
import { BackendReplies } from '../../src/proxy/backend/replies/backend-replies.ts';
import type { RepliedConnection } from '../../src/proxy/backend/replies/oldest-reply.ts';
import type { RequestJoiner } from '../../src/proxy/backend/request-joiner.ts';
import type { ServerProtocol } from '../../src/proxy/backend/server-protocol.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import type { ReplyReceiver } from '../../src/proxy/engine/receiver.ts';
import { poolCounters, type ServerCounters, serverCounters } from '../../src/stats/counters.ts';
import { NO_SERIES } from '../../src/stats/latency.ts';
import { type RecordingSocket, recordedQueue } from './test-client.ts';

const INT32_MAX = 0x7fffffff;

/** A server that notes what it is told. */
export class TestOwner implements ConnectionOwner {
  readonly pool: OwnerPool;
  readonly config: ServerConfig = {} as ServerConfig;
  readonly name: string;
  readonly title: string;
  readonly counters: ServerCounters = serverCounters();
  readonly firstSeries = 0;
  readonly forReads = false;
  readonly lines: string[] = [];
  hasRoom = false;
  retired = 0;

  constructor(
    engine: Engine,
    protocol: Partial<ServerProtocol>,
    config: Partial<PoolConfig> = {},
    name: string = 'server',
  ) {
    this.name = name;
    this.title = name;
    this.pool = {
      engine,
      config: config as PoolConfig,
      protocol: { unaskedType: () => 0, replyBytes: () => -1, ...protocol } as ServerProtocol,
      counters: poolCounters(),
      budget: { makeRoom: () => this.hasRoom },
      latency: null,
      notes: null,
      notedMicros: INT32_MAX,
      mover: null,
    };
  }

  log(_level: number, text: string): void {
    this.lines.push(text);
  }

  onConnected(): void {}
  onConnectionLost(): void {}
  onIdle(): void {}
  onReplies(): void {}
  onTransientReply(): void {}
  onReady(): void {}
  onRefusal(): boolean {
    return false;
  }
  heirOf(): Heir {
    return null;
  }
  retire(): void {
    this.retired++;
  }
  forget(): void {}
}

/** A connection to a server without a socket: what is sent to it, and what it says, is in memory. */
export class TestBackend implements RepliedConnection {
  readonly owner: TestOwner;
  readonly lane: Lane = new Lane(0, 0, 2, false);
  readonly out: SendQueue;
  readonly socket: RecordingSocket;
  readonly inFlight: InFlight = new InFlight(true);
  readonly replies: BackendReplies;
  readonly #engine: Engine;
  joiner: RequestJoiner | null = null;
  refusal: string | null = null;
  full = false;
  connected = true;
  closed = false;
  unwritten = 0;
  readonly purpose = PURPOSE_SHARED;
  readonly withheld = null;

  constructor(engine: Engine, owner: TestOwner) {
    this.#engine = engine;
    this.owner = owner;
    const { out, socket } = recordedQueue(engine);
    this.out = out;
    this.socket = socket;
    this.out.open(socket as unknown as Socket);
    this.replies = new BackendReplies(engine, this);
  }

  get asConnection(): BackendConnection {
    return this as unknown as BackendConnection;
  }

  collectClients(ids: Set<number>): void {
    this.inFlight.collectClients(ids);
  }

  sendFrom(start: number, length: number, client: number, slot: number): void {
    this.out.copyFrom(start, length);
    this.#push(client, slot, start, length);
  }

  /** As a connection does it, during a walk. */
  sendRecord(record: number, start: number, length: number, client: number, slot: number): void {
    const { words } = this.#engine;
    let at = this.joiner?.place(record, length) ?? 0;
    const inLine = at !== 0;
    if (!inLine) at = this.out.reserve(length);
    words[record + RECORD_DEST] = at;
    if (at === 0) this.out.copyFrom(start, length);
    this.#push(client, slot, start, length);
    if (inLine) this.joiner?.noteKeys(1);
  }

  #push(client: number, slot: number, start: number, length: number): void {
    this.inFlight.push(client, slot, 1, 1, NO_SERIES, length);
    this.inFlight.keepHead(this.#engine.bytes, start, length);
    this.unwritten++;
  }

  sentFor(target: ReplyTarget, length: number, head: RequestHead | null): void {
    this.inFlight.pushTarget(target, 1, 1, NO_SERIES, length);
    if (head !== null) this.inFlight.keepHead(head.bytes, head.start, head.length);
    this.unwritten++;
  }

  disown(client: number, slot: number): number {
    const count = this.inFlight.disown(client, slot);
    if (count > 0) this.replies.oldest.onDisowned();
    return count;
  }

  /** Writes what is queued. @returns it */
  takeSent(): Buffer {
    this.joiner?.beforeWrite();
    this.unwritten = 0;
    this.out.flush();
    return this.socket.take();
  }

  /** The server says something, in one chunk. @returns false when it should not have said that */
  say(bytes: Buffer): boolean {
    bytes.copy(this.#engine.memory, WINDOW);
    const good = this.replies.read(bytes.length);
    this.#engine.memory.fill(0, WINDOW, WINDOW + bytes.length);
    return good;
  }

  /** The connection is lost: everything in flight gets `error`. */
  lose(error: Buffer): void {
    if (this.closed) return;
    this.closed = true;
    this.replies.drop();
    this.joiner?.drop();
    this.out.close();
    const streaming = this.replies.oldest.fail(error);
    for (let first = true; this.inFlight.count > 0; first = false) {
      const id = this.inFlight.headClient;
      const slot = this.inFlight.headSlot;
      const target = id < 0 ? this.inFlight.headTarget : null;
      this.inFlight.shift();
      const client = this.#engine.clients[id] as ReplyReceiver;
      if (target !== null) target.onFailure(error);
      else if (first && streaming) client.endStream();
      else client.takeReply(slot, error);
    }
  }

  owes(client: number, slot: number): boolean {
    return this.inFlight.owes(client, slot);
  }

  isFor(client: number): boolean {
    return this.replies.isFor(client);
  }

  readonly isBalanced = true;

  onWalked(): void {}

  failInternally(): void {
    this.lose(Buffer.from('-ERR internal error\r\n'));
  }

  onException(error: unknown): void {
    throw error;
  }

  stopWaiting(): void {}
  armDeadline(): void {}
  resume(): void {}
}
