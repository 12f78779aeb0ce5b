import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_SERVER } from '../../../src/protocol/frame-table.ts';
import type { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import {
  FAILURE_REFUSED,
  FAILURE_TIMEOUT,
  FAILURE_TOO_MANY,
  type Failure,
  failureOf,
} from '../../../src/proxy/backend/failure.ts';
import {
  FAILED,
  MAY_WAIT,
  MUST_SEND,
  NOWHERE,
  type Reader,
  WAIT,
} from '../../../src/proxy/client/router.ts';
import type { Server } from '../../../src/proxy/pool/server.ts';
import { RequestRouter } from '../../../src/proxy/routing/router.ts';

/** A server whose connections are what a test says: open, full, none, or looked for. */
class FakeServer {
  readonly lastFailure: Failure;
  readonly asked: { lane: number; but: readonly unknown[] }[] = [];
  readonly waiting: unknown[] = [];
  readonly connection: BackendConnection | null;
  readonly awaited: boolean;
  /** Requests that count as failed. */
  failed = 0;

  constructor(state: 'open' | 'full' | 'none' | 'awaited', lastFailure = FAILURE_REFUSED) {
    this.lastFailure = failureOf(lastFailure);
    const waitFor = (client: unknown): void => this.waitFor(client);
    const connection = { full: state === 'full', waitFor } as unknown as BackendConnection;
    this.connection = state === 'none' || state === 'awaited' ? null : connection;
    this.awaited = state === 'awaited';
  }

  waitFor(client: unknown): void {
    this.waiting.push(client);
  }

  refused(): void {
    this.failed++;
  }

  connectionFor(_client: number, lane: number, but: readonly unknown[]): BackendConnection | null {
    this.asked.push({ lane, but: [...but] });
    return this.connection;
  }
}

function clientOf(servers: FakeServer[]): Reader {
  return { id: 3, lane: 0, pool: { servers, slots: null } } as unknown as Reader;
}

describe('the router', () => {
  for (const intent of [MAY_WAIT, MUST_SEND]) {
    test(`a key without a server goes nowhere (intent ${intent})`, () => {
      const router = new RequestRouter();
      assert.equal(router.choose(clientOf([]), NO_SERVER, 0, intent), null);
      assert.deepEqual([router.verdict, router.reason], [NOWHERE, failureOf(FAILURE_REFUSED)]);
    });

    test(`a server that cannot be reached fails with its own reason (intent ${intent})`, () => {
      const router = new RequestRouter();
      const server = new FakeServer('none', FAILURE_TIMEOUT);
      assert.equal(router.choose(clientOf([server]), 0, 0, intent), null);
      assert.deepEqual([router.verdict, router.reason], [FAILED, failureOf(FAILURE_TIMEOUT)]);
      assert.deepEqual([server.failed, server.waiting], [1, []]);
    });

    test(`an open connection is taken, on the lane that was asked for (intent ${intent})`, () => {
      const server = new FakeServer('open');
      const router = new RequestRouter();
      assert.equal(router.choose(clientOf([server]), 0, 4, intent), server.connection);
      assert.deepEqual(server.asked, [{ lane: 4, but: [] }]);
    });
  }

  test('a connection with much to take is waited for', () => {
    const server = new FakeServer('full');
    const client = clientOf([server]);
    const router = new RequestRouter();
    assert.equal(router.choose(client, 0, 0, MAY_WAIT), null);
    assert.equal(router.verdict, WAIT);
    assert.deepEqual(server.waiting, [client]);
  });

  test('a server that is looked for is waited for, and no request counts as failed', () => {
    const server = new FakeServer('awaited');
    const client = clientOf([server]);
    const router = new RequestRouter();
    assert.equal(router.choose(client, 0, 0, MAY_WAIT), null);
    assert.equal(router.verdict, WAIT);
    assert.deepEqual([server.waiting, server.failed], [[client], 0]);
  });

  test('what cannot be put back fails while a server is looked for', () => {
    const server = new FakeServer('awaited', FAILURE_TOO_MANY);
    const router = new RequestRouter();
    assert.equal(router.choose(clientOf([server]), 0, 0, MUST_SEND), null);
    assert.deepEqual([router.verdict, router.reason], [FAILED, failureOf(FAILURE_TOO_MANY)]);
    assert.deepEqual([server.waiting, server.failed], [[], 1]);
  });

  test('a request for several waits when all that are missing are looked for', () => {
    const states = ['open', 'awaited', 'open', 'awaited'] as const;
    const servers = states.map((state) => new FakeServer(state));
    const client = clientOf(servers);
    const router = new RequestRouter();
    const all = servers as unknown as Server[];
    assert.equal(router.chooseAll(client, all, 0, MAY_WAIT), null);
    assert.equal(router.verdict, WAIT);
    assert.deepEqual(servers[1].waiting, [client]);
    assert.ok(servers.every(({ failed }) => failed === 0));
    assert.equal(router.chooseAll(client, all, 0, MUST_SEND)?.length, 4);
    assert.deepEqual(
      servers.map(({ failed }) => failed),
      [0, 1, 0, 1],
    );
  });

  test('it does not wait for one where another cannot be had in any case', () => {
    const servers = [new FakeServer('awaited'), new FakeServer('none')];
    const router = new RequestRouter();
    const all = servers as unknown as Server[];
    assert.deepEqual(router.chooseAll(clientOf(servers), all, 0, MAY_WAIT), [null, null]);
    assert.ok(servers.every(({ failed, waiting }) => failed === 1 && waiting.length === 0));
  });

  test('one that is put back because another is full counts nowhere as failed', () => {
    const servers = [new FakeServer('none'), new FakeServer('full')];
    const router = new RequestRouter();
    const all = servers as unknown as Server[];
    assert.equal(router.chooseAll(clientOf(servers), all, 0, MAY_WAIT), null);
    assert.equal(servers[0].failed, 0);
  });

  test('what cannot be put back is sent even there, and nobody waits', () => {
    const server = new FakeServer('full');
    const router = new RequestRouter();
    assert.equal(router.choose(clientOf([server]), 0, 0, MUST_SEND), server.connection);
    assert.deepEqual(server.waiting, []);
  });

  test('of several servers none loses its connection to another, and one that fails is null', () => {
    const servers = [new FakeServer('open'), new FakeServer('none'), new FakeServer('open')];
    const router = new RequestRouter();
    const all = servers as unknown as Server[];
    const chosen = router.chooseAll(clientOf(servers), all, 2, MAY_WAIT);
    assert.deepEqual(
      chosen,
      servers.map(({ connection }) => connection),
    );
    assert.deepEqual(servers[2].asked[0].but, [servers[0].connection, null]);
  });

  test('one of several that has much to take keeps the whole request back', () => {
    const servers = [new FakeServer('open'), new FakeServer('full'), new FakeServer('open')];
    const client = clientOf(servers);
    const router = new RequestRouter();
    const all = servers as unknown as Server[];
    assert.equal(router.chooseAll(client, all, 0, MAY_WAIT), null);
    assert.equal(router.verdict, WAIT);
    assert.deepEqual(servers[1].waiting, [client]);
    assert.equal(servers[2].asked.length, 0);
    assert.equal(router.chooseAll(client, all, 0, MUST_SEND)?.length, 3);
  });

  for (const readFrom of ['master', 'prefer-replica']) {
    test(`reads with read_from: ${readFrom}, when a replica is known`, () => {
      const replica = new FakeServer('open').connection;
      const server = new FakeServer('open');
      const counters: number[] = [];
      Object.assign(server, { readers: { shared: () => replica }, counters });
      const client = {
        ...clientOf([server]),
        pipeline: { head: 0, tail: 0 },
        session: { lastWrite: null },
      };
      const pool = { servers: [server], config: { readFrom, readAfterWriteMs: 0 } };
      const lanes = { at: () => ({ tracking: false }) };
      Object.assign(client, { pool: { ...pool, lanes, engine: { now: 0 } } });
      const router = new RequestRouter();
      const chosen = router.chooseReader(client as unknown as Reader, 0, 0, MAY_WAIT);
      assert.equal(chosen, readFrom === 'master' ? server.connection : replica);
    });
  }
});
