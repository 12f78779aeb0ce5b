import assert from 'node:assert/strict';
import type { PoolConfig } from '../../src/config/index.ts';
import { WINDOW } from '../../src/protocol/frame-table.ts';
import type {
  BackendConnection,
  ConnectionHolder,
} from '../../src/proxy/backend/backend-connection.ts';
import {
  FAILURE_REFUSED,
  type Failure,
  failureOf,
  failureText,
} from '../../src/proxy/backend/failure.ts';
import { Lane } from '../../src/proxy/backend/lane.ts';
import { Leases } from '../../src/proxy/backend/leases.ts';
import type { ConnectionOwner } from '../../src/proxy/backend/owner.ts';
import { LargeRequest, type LargeRequester } from '../../src/proxy/client/input/large-request.ts';
import { Session } from '../../src/proxy/client/session/session.ts';
import type { Engine } from '../../src/proxy/engine/engine.ts';
import type { Server } from '../../src/proxy/pool/server.ts';
import { RequestRouter } from '../../src/proxy/routing/router.ts';
import { type PoolCounters, poolCounters } from '../../src/stats/counters.ts';
import { assertAtRest, type holdingsOf } from './at-rest.ts';
import { type RecordingSocket, recordedQueue, TestClient } from './test-client.ts';

/** What a request may have to be assembled. */
export const LIMIT = 100_000;
export const TOO_LARGE: Buffer = Buffer.from('-ERR too large\r\n');
const LANE = new Lane(0, 0, 2, false);

/** A leased connection: takes bytes when a test says so, and answers when a test says so. */
export class BulkConnection {
  readonly lane: Lane = LANE;
  readonly out: ReturnType<typeof recordedQueue>['out'];
  readonly socket: RecordingSocket;
  readonly #engine: Engine;
  readonly #leases: Leases<Server>;
  readonly owner: ConnectionOwner;
  holder: ConnectionHolder | null = null;
  closed = false;
  complete = 0;
  /** Whose reply is outstanding. */
  asked: { client: number; slot: number } | null = null;
  flushPending = false;

  constructor(engine: Engine, leases: Leases<Server>, owner: ConnectionOwner) {
    this.#engine = engine;
    this.owner = owner;
    this.#leases = leases;
    const { out, socket } = recordedQueue(engine);
    this.out = out;
    this.socket = socket;
  }

  get inFlight(): { readonly count: number } {
    return { count: this.asked === null ? 0 : 1 };
  }

  sendBuffer(request: Buffer, client: number, slot: number): void {
    assert.equal(this.asked, null, 'one request at a time');
    this.out.append(request);
    this.asked = { client, slot };
  }

  sendBody(start: number, length: number): void {
    this.out.copyFrom(start, length);
  }

  answer(reply: Buffer): void {
    const { asked } = this;
    this.asked = null;
    if (asked !== null) this.#engine.clients[asked.client]?.takeReply(asked.slot, reply);
    if (!this.closed) this.#leases.onIdle(this as unknown as BackendConnection);
  }

  bodyComplete(): void {
    this.complete++;
    if (this.asked === null) this.#leases.onIdle(this as unknown as BackendConnection);
  }

  #shut(): void {
    this.closed = true;
    this.out.close();
    this.#leases.forget(this as unknown as BackendConnection);
  }

  failed: Failure | null = null;

  fail(failure: Failure): void {
    if (this.closed) return;
    this.failed = failure;
    this.#shut();
    this.answer(Buffer.from(`-ERR ${failureText(failure)}\r\n`));
    this.holder?.onWritable();
  }

  abandon(): void {
    if (this.closed) return;
    this.#shut();
    this.answer(Buffer.from('-ERR gone\r\n'));
  }

  close(): void {
    if (!this.closed) this.#shut();
  }

  flush(): void {}
  writeOut(): void {}
}

/** A client with large requests to one server. */
export class LargeSetting {
  readonly engine: Engine;
  readonly opened: BulkConnection[] = [];
  readonly leases: Leases<Server>;
  readonly server: Server;
  readonly client: TestClient;
  readonly requester: LargeRequester;
  readonly counters: PoolCounters = poolCounters();
  readonly session: Session = new Session(1);
  readonly timeoutMs = 1000;

  /** @param limit of connections */
  constructor(engine: Engine, limit = 1) {
    this.engine = engine;
    this.leases = new Leases(
      (server) => {
        const connection = new BulkConnection(engine, this.leases, server);
        this.opened.push(connection);
        return connection as unknown as BackendConnection;
      },
      () => ({ limit, kept: limit, keptMs: 0 }),
      engine.deadlines,
    );
    this.server = {
      bulk: this.leases,
      leftAlone: false,
      lastFailure: failureOf(FAILURE_REFUSED),
      refused() {},
    } as unknown as Server;
    this.client = new TestClient(engine);
    const { client, counters, session, timeoutMs } = this;
    const config = { maxAssembledRequest: LIMIT, timeoutMs } as PoolConfig;
    this.requester = {
      id: client.id,
      router: new RequestRouter(),
      pool: {
        config,
        counters,
        lanes: { at: () => LANE },
        protocol: { failure: (why: Failure) => Buffer.from(`-ERR ${failureText(why)}\r\n`) },
      },
      protocol: { tooLarge: () => TOO_LARGE, bodyReply: () => null },
      lane: 0,
      pipeline: client.pipeline,
      claims: client.claims,
      session,
      authenticated: true,
      updatePlain() {},
      answer: (reply: Buffer) => client.pipeline.deliver(client.pipeline.open(), reply),
      destroy: (reason: string) => client.destroy(reason),
      flushPending: false,
      flush() {},
      writeOut() {},
    } as unknown as LargeRequester;
  }

  request(expected = 5000): LargeRequest {
    return new LargeRequest(this.engine, this.requester, expected);
  }

  take(large: LargeRequest, text: string): void {
    const length = this.engine.memory.write(text, WINDOW, 'latin1');
    large.take(WINDOW, length);
    this.engine.memory.fill(0, WINDOW, WINDOW + length);
  }

  /** The connection that was opened last. */
  get bulk(): BulkConnection {
    return this.opened[this.opened.length - 1];
  }

  end(fresh: ReturnType<typeof holdingsOf>): void {
    this.client.close();
    for (const each of this.opened) each.close();
    assert.ok(this.leases.isEmptyOf(this.server));
    assertAtRest(this.engine, fresh, [], [this.client]);
  }
}
