import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NO_SERVER } from '../../../src/protocol/frame-table.ts';
import type { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import {
  FAILURE_INTERNAL,
  FAILURE_REFUSED,
  FAILURE_TIMEOUT,
  FAILURE_TOO_MANY,
  type Failure,
  failureOf,
  UNOWNED,
} from '../../../src/proxy/backend/failure.ts';
import type { LeaseWaiter } from '../../../src/proxy/backend/leases.ts';
import {
  FAILED,
  MAY_WAIT,
  MUST_SEND,
  NOWHERE,
  type Reader,
  WAIT,
} from '../../../src/proxy/client/router.ts';
import { NOT_WATCHING, WATCHING } from '../../../src/proxy/client/session/watch.ts';
import { NO_REPLICA } from '../../../src/proxy/pool/replicas/replica.ts';
import type { Server } from '../../../src/proxy/pool/server.ts';
import { RequestRouter } from '../../../src/proxy/routing/router.ts';

type State = 'open' | 'full' | 'none' | 'awaited';

/** A server whose connections are what a test says: open, full, none, or looked for. */
class FakeServer {
  readonly lastFailure: Failure;
  readonly asked: { lane: number; but: readonly unknown[] }[] = [];
  readonly waiting: unknown[] = [];
  readonly connection: BackendConnection | null;
  readonly awaited: boolean;
  /** Requests that count as failed. */
  failed = 0;
  leftAlone = false;

  constructor(state: State, lastFailure = FAILURE_REFUSED) {
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
  const nowhere = failureOf(FAILURE_REFUSED);
  const pool = { servers, slots: null, nowhere, config: { readFrom: 'master' } };
  return { id: 3, lane: 0, pool } as unknown as Reader;
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

  test('the parts of a request get their connections, and another router knows nothing of them', () => {
    const servers = [new FakeServer('open'), new FakeServer('none'), new FakeServer('open')];
    const [router, other] = [new RequestRouter(), new RequestRouter()];
    router.partServers.push(...(servers as unknown as Server[]));
    assert.equal(router.chooseParts(clientOf(servers), 2, MUST_SEND, false), true);
    assert.deepEqual(router.partConnections, [servers[0].connection, null]);
    assert.equal(router.reasons[1], servers[1].lastFailure);
    assert.deepEqual([servers[0].asked[0].lane, servers[2].asked], [0, []]);
    assert.deepEqual([other.partServers, other.partConnections], [[], []]);
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

  const state = fc.constantFrom<State[]>('open', 'full', 'none', 'awaited');
  const someServers = fc.array(state, { maxLength: 6 });

  test('any servers, any intent: all connections, or one that is waited for, or the reasons', () => {
    fc.assert(
      fc.property(someServers, fc.constantFrom(MAY_WAIT, MUST_SEND), (states, intent) => {
        const failures = [FAILURE_REFUSED, FAILURE_TIMEOUT, FAILURE_TOO_MANY];
        const servers = states.map((each, i) => new FakeServer(each, failures[i % 3]));
        const client = clientOf(servers);
        const router = new RequestRouter();
        const chosen = router.chooseAll(client, servers as unknown as Server[], 0, intent);
        const missing = servers.filter(({ connection }) => connection === null);
        const onlyAwaited = missing.length > 0 && missing.every(({ awaited }) => awaited);
        const waits = intent === MAY_WAIT && (states.includes('full') || onlyAwaited);
        const waiting = servers.flatMap((server) => server.waiting);
        assert.deepEqual(waiting, waits ? [client] : []);
        for (const server of servers) {
          assert.equal(server.failed, !waits && server.connection === null ? 1 : 0);
        }
        if (waits) {
          assert.deepEqual([chosen, router.verdict], [null, WAIT]);
          return;
        }
        assert.deepEqual(
          chosen,
          servers.map(({ connection }) => connection),
        );
        servers.forEach(({ connection, lastFailure }, i) => {
          if (connection === null) assert.equal(router.reasons[i], lastFailure);
        });
      }),
      { numRuns: 300, seed: 14 },
    );
  });
});

/** A cluster in which nobody has the slot of a request. */
function slotless(mayWait: boolean): { client: Reader; waiting: unknown[]; told: unknown[] } {
  const waiting: unknown[] = [];
  const told: unknown[] = [];
  const unowned = { mayWait: () => mayWait, waitFor: (each: unknown) => waiting.push(each) };
  const config = { failoverWaitMs: 1000 };
  const onUnowned = (): void => void told.push('unowned');
  const pool = { slots: { unowned }, config, nowhere: UNOWNED, onUnowned };
  return { client: { pool } as unknown as Reader, waiting, told };
}

describe('the router, where slots have owners', () => {
  test('a slot without an owner is waited for, and somebody is told', () => {
    const { client, waiting, told } = slotless(true);
    const router = new RequestRouter();
    assert.equal(router.choose(client, NO_SERVER, 0, MAY_WAIT), null);
    assert.deepEqual([router.verdict, waiting, told], [WAIT, [client], ['unowned']]);
  });

  for (const [mayWait, intent] of [
    [false, MAY_WAIT],
    [true, MUST_SEND],
  ] as const) {
    test(`it goes nowhere when it must not wait (intent ${intent})`, () => {
      const { client, waiting } = slotless(mayWait);
      const router = new RequestRouter();
      assert.equal(router.chooseReader(client, NO_SERVER, 0, intent), null);
      assert.deepEqual([router.verdict, router.reason, waiting], [NOWHERE, UNOWNED, []]);
    });
  }
});

const GET = 1;
const SET = 2;

/** A client of one server that may have a replica. */
function readerOf(
  readFrom: string,
  server: FakeServer,
  replica: FakeServer | null,
  readAfterWriteMs = 0,
): Reader {
  const readers = { shared: () => replica?.connection ?? null };
  Object.assign(server, { readers, counters: [] });
  const lanes = { at: () => ({ tracking: false }) };
  const config = { readFrom, readAfterWriteMs };
  const pool = { servers: [server], slots: null, config, lanes, engine: { now: 1000 } };
  return {
    id: 3,
    lane: 0,
    usual: true,
    protocol: { isRead: (command: number) => command === GET },
    pipeline: { head: 0, tail: 0 },
    session: { lastWrite: null, watch: NOT_WATCHING },
    pool,
  } as unknown as Reader;
}

describe('the router, where replicas are read', () => {
  for (const readFrom of ['master', 'prefer-replica', 'replica']) {
    test(`reads with read_from: ${readFrom}, when a replica is known`, () => {
      const replica = new FakeServer('open');
      const server = new FakeServer('open');
      const client = readerOf(readFrom, server, replica);
      const router = new RequestRouter();
      const chosen = router.chooseReader(client, 0, 0, MAY_WAIT);
      assert.equal(chosen, readFrom === 'master' ? server.connection : replica.connection);
    });
  }

  test('without a replica the master answers, unless only replicas may', () => {
    const server = new FakeServer('open');
    const router = new RequestRouter();
    const preferring = readerOf('prefer-replica', server, null);
    assert.equal(router.chooseReader(preferring, 0, 0, MAY_WAIT), server.connection);
    const strict = readerOf('replica', server, null);
    assert.equal(router.chooseReader(strict, 0, 0, MAY_WAIT), null);
    assert.deepEqual([router.verdict, router.reason, server.failed], [FAILED, NO_REPLICA, 1]);
  });

  test('of several servers too, and that is not what the server itself last failed by', () => {
    const server = new FakeServer('open', FAILURE_TIMEOUT);
    const router = new RequestRouter();
    const all = [server] as unknown as Server[];
    const client = readerOf('replica', server, null);
    assert.deepEqual(router.chooseAll(client, all, 0, MAY_WAIT, true), [null]);
    assert.deepEqual(router.reasons, [NO_REPLICA]);
    assert.equal(server.lastFailure, failureOf(FAILURE_TIMEOUT));
  });

  test('a replica that has much to take is waited for, unless the request cannot be put back', () => {
    const replica = new FakeServer('full');
    const client = readerOf('prefer-replica', new FakeServer('open'), replica);
    const router = new RequestRouter();
    assert.equal(router.chooseReader(client, 0, 0, MAY_WAIT), null);
    assert.deepEqual([router.verdict, replica.waiting], [WAIT, [client]]);
    assert.equal(router.chooseReader(client, 0, 0, MUST_SEND), replica.connection);
  });

  test('what may write goes to the master, and so does what is read behind it for a while', () => {
    const replica = new FakeServer('open');
    const server = new FakeServer('open');
    const client = readerOf('prefer-replica', server, replica, 50);
    const router = new RequestRouter();
    assert.equal(router.chooseFor(client, 0, GET), replica.connection);
    assert.equal(router.chooseFor(client, 0, SET), server.connection);
    Object.assign(client.pipeline, { head: 1, tail: 1 });
    assert.equal(router.chooseFor(client, 0, GET), server.connection);
    client.pool.engine.now += 50;
    assert.equal(router.chooseFor(client, 0, GET), replica.connection);
  });

  test('what is read between WATCH and EXEC is read at the master', () => {
    const server = new FakeServer('open');
    const client = readerOf('replica', server, new FakeServer('open'));
    const router = new RequestRouter();
    Object.assign(client.session, { watch: WATCHING });
    assert.equal(router.chooseFor(client, 0, GET), server.connection);
    const all = router.chooseAll(client, [server] as unknown as Server[], 0, MAY_WAIT, true);
    assert.deepEqual(all, [server.connection]);
  });
});

describe('the router, asked for a connection of its own', () => {
  for (const which of ['lease', 'leaseBulk'] as const) {
    const setting = (onLease: () => void) => {
      const server = new FakeServer('open', FAILURE_TIMEOUT);
      const notes: string[] = [];
      const leases = { lease: onLease };
      const guard = { note: (what: string) => notes.push(what) };
      const pool = { leases, engine: { guard } };
      Object.assign(server, { pool, bulk: leases, title: 'one' });
      return { server, notes, waiter: { leasedFrom: server } as unknown as LeaseWaiter<Server> };
    };

    test(`${which}: the server's leases are asked`, () => {
      let asked = 0;
      const { waiter } = setting(() => void asked++);
      assert.ok(new RequestRouter()[which](waiter));
      assert.equal(asked, 1);
    });

    test(`${which}: a server that is left alone is not connected to`, () => {
      const { server, waiter } = setting(() => assert.fail('it is asked'));
      server.leftAlone = true;
      const router = new RequestRouter();
      assert.ok(!router[which](waiter));
      assert.deepEqual([router.verdict, router.reason], [FAILED, failureOf(FAILURE_TIMEOUT)]);
      assert.equal(server.failed, 1);
    });
  }

  test("an exception is noted, and is nobody else's trouble", () => {
    const notes: string[] = [];
    const leases = {
      lease(): void {
        throw new Error('no more descriptors');
      },
    };
    const server = new FakeServer('open');
    const guard = { note: (what: string) => notes.push(what) };
    Object.assign(server, { pool: { leases, engine: { guard } }, title: 'one' });
    const router = new RequestRouter();
    assert.ok(!router.lease({ leasedFrom: server } as unknown as LeaseWaiter<Server>));
    assert.deepEqual([router.verdict, router.reason], [FAILED, failureOf(FAILURE_INTERNAL)]);
    assert.deepEqual(notes, ['no connection to server one is leased']);
  });
});
