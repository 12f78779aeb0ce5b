import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HOPS_KEPT, SET_ASIDE_BYTES } from '../../../../src/limits.ts';
import {
  FRAME_TABLE,
  RECORD_INFO,
  RECORD_LENGTH,
  RECORD_START,
  WHOLE,
  WINDOW,
} from '../../../../src/protocol/frame-table.ts';
import { type Redirection, SLOT_MOVED } from '../../../../src/proxy/backend/again/redirections.ts';
import { BackendConnection } from '../../../../src/proxy/backend/backend-connection.ts';
import { FAILURE_INTERNAL, failureOf } from '../../../../src/proxy/backend/failure.ts';
import { Lane } from '../../../../src/proxy/backend/lane.ts';
import {
  EXECUTED as EXECUTED_AS_SAID,
  NOT_EXECUTED,
  REPEAT_NEVER,
  REPEAT_REFUSED,
} from '../../../../src/proxy/backend/server-protocol.ts';
import { assertAtRest, holdingsOf } from '../../../support/at-rest.ts';
import { TestOwner } from '../../../support/test-backend.ts';
import { TestClient } from '../../../support/test-client.ts';
import { testEngine } from '../../../support/test-engine.ts';

const engine = testEngine();
const REQUEST = Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n');
const REFUSED = '-LOADING the server is not ready\r\n';
const EXECUTED = '+OK\r\n';

/** A connection whose server says that it executes nothing. */
function refusingConnection(): BackendConnection {
  const protocol = {
    joiner: () => null,
    handshake() {},
    classes: new Uint8Array(1),
    slots: null,
    refusal: () => NOT_EXECUTED,
    repeatable: () => REPEAT_REFUSED,
    failure: () => Buffer.from('-ERR lost\r\n'),
  };
  const config = { followsMaster: true, serverOutputLimit: 1 << 20, failoverWaitMs: 60_000 };
  const owner = new TestOwner(engine, protocol, config);
  Object.assign(owner, { onRefusal: () => true });
  return new BackendConnection(engine, owner, new Lane(0, 0, 2, false));
}

/** The client's request is sent and answered. @returns whether it is withheld */
function ask(connection: BackendConnection, client: TestClient, reply: string): boolean {
  engine.readClock();
  connection.sendBuffer(REQUEST, client.id, client.claims.begin());
  connection.kept?.keepBuffer(REQUEST);
  return takeReply(connection, reply);
}

/** The oldest request is answered. @returns whether that goes nowhere */
function takeReply(connection: BackendConnection, reply: string): boolean {
  const length = engine.memory.write(reply, WINDOW, 'latin1');
  const record = FRAME_TABLE / 4;
  engine.words[record + RECORD_INFO] = WHOLE | reply.charCodeAt(0);
  engine.words[record + RECORD_START] = WINDOW;
  engine.words[record + RECORD_LENGTH] = length;
  return connection.withheld?.take(record) ?? false;
}

/** The client's request is sent, and the server does not execute it. */
function withhold(connection: BackendConnection, client: TestClient): void {
  assert.ok(ask(connection, client, REFUSED));
}

/** The client's request is sent and executed. */
function execute(connection: BackendConnection, client: TestClient): void {
  assert.ok(!ask(connection, client, EXECUTED));
  const slot = connection.inFlight.headSlot;
  connection.inFlight.shift();
  client.takeReply(slot, Buffer.from(EXECUTED));
}

function named(connection: BackendConnection): Set<number> {
  const ids = new Set<number>();
  connection.collectClients(ids);
  return ids;
}

describe('withheld requests', () => {
  test('name their client as long as they may be sent again', () => {
    const fresh = holdingsOf(engine);
    const client = new TestClient(engine);
    const connection = refusingConnection();
    withhold(connection, client);
    assert.equal(connection.inFlight.count, 0);
    assert.deepEqual(named(connection), new Set([client.id]));
    connection.withheld?.giveUp();
    assert.deepEqual(named(connection), new Set());
    assert.equal(client.received(), REFUSED);
    connection.close();
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });

  test('are not sent again once their client was told, whatever of it is withheld later', () => {
    const fresh = holdingsOf(engine);
    const client = new TestClient(engine);
    const connection = refusingConnection();
    withhold(connection, client);
    execute(connection, client);
    assert.equal(client.received(), REFUSED + EXECUTED);
    withhold(connection, client);
    const again = connection.withheld?.takeAll() ?? [];
    assert.deepEqual(
      again.map(({ entry }) => entry.slot),
      [2],
    );
    client.claims.settle();
    connection.close();
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });

  test("taken back they are nobody's", () => {
    const fresh = holdingsOf(engine);
    const client = new TestClient(engine);
    const connection = refusingConnection();
    withhold(connection, client);
    withhold(connection, client);
    assert.equal(connection.disown(client.id, 1), 1);
    assert.deepEqual(named(connection), new Set([client.id]));
    assert.equal(connection.disown(client.id, 0), 1);
    assert.deepEqual(named(connection), new Set());
    assert.deepEqual(connection.withheld?.takeAll(), []);
    client.claims.settle();
    client.claims.settle();
    connection.close();
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });

  test('are told of when their connection is closed, whoever closes it', () => {
    const fresh = holdingsOf(engine);
    const client = new TestClient(engine);
    const connection = refusingConnection();
    withhold(connection, client);
    connection.close();
    assert.deepEqual(named(connection), new Set());
    assert.equal(client.received(), REFUSED);
    client.close();
    assertAtRest(engine, fresh, [], [client]);
  });
});

test('how often requests in flight were sent on is kept without a look at all of them', (t) => {
  const client = new TestClient(engine);
  const connection = refusingConnection();
  let looks = 0;
  const { keys } = Map.prototype;
  const many = 3 * HOPS_KEPT;
  t.mock.method(Map.prototype, 'keys', function* (this: Map<unknown, unknown>) {
    for (const key of keys.call(this)) {
      looks++;
      yield key;
    }
  });
  for (let i = 0; i < many; i++) {
    connection.withheld?.noteHops(1);
    connection.sendBuffer(REQUEST, client.id, client.claims.begin());
  }
  t.mock.restoreAll();
  assert.ok(looks <= 2 * many, `${looks} looks at ${many} requests`);
  connection.fail(failureOf(FAILURE_INTERNAL));
  client.close();
});

describe('a request that a node sends elsewhere and that there is no room for', () => {
  const MOVED_REPLY = '-MOVED 5 h:1\r\n';
  const REDIRECTION: Redirection = { kind: SLOT_MOVED, slot: 5, host: 'h', port: 1 };
  const LARGE = Buffer.alloc(SET_ASIDE_BYTES, 'x');

  /** @returns what was learned when a large request has another one behind it */
  function learnedOf(repeat: number): { learned: readonly Redirection[]; received: string } {
    const fresh = holdingsOf(engine);
    const client = new TestClient(engine);
    const learned: Redirection[] = [];
    const mover = {
      refuse: () => Buffer.from('-TRYAGAIN\r\n'),
      learn: (_: unknown, redirection: Redirection) => {
        learned.push(redirection);
        return Buffer.from('-TRYAGAIN\r\n');
      },
    };
    const protocol = {
      joiner: () => null,
      handshake() {},
      classes: new Uint8Array(1),
      slots: { redirection: () => REDIRECTION, requestSlot: () => 5, requestKeys: () => ['k'] },
      refusal: () => EXECUTED_AS_SAID,
      repeatable: () => repeat,
      failure: () => Buffer.from('-ERR lost\r\n'),
    };
    const config = { followsMaster: true, serverOutputLimit: 1 << 30, failoverWaitMs: 60_000 };
    const owner = new TestOwner(engine, protocol as never, config);
    Object.assign(owner.pool, { mover });
    const connection = new BackendConnection(engine, owner, new Lane(0, 0, 2, false));
    engine.readClock();
    for (const request of [LARGE, REQUEST]) {
      connection.sendBuffer(request, client.id, client.claims.begin());
      connection.kept?.keepBuffer(request);
    }
    assert.ok(takeReply(connection, MOVED_REPLY));
    connection.inFlight.shift();
    client.takeReply(1, Buffer.from(EXECUTED));
    const received = client.received();
    connection.close();
    client.close();
    assertAtRest(engine, fresh, [], [client]);
    return { learned, received };
  }

  test('has its error, and where its slot is is learned all the same', () => {
    const { learned, received } = learnedOf(REPEAT_REFUSED);
    assert.deepEqual(learned, [REDIRECTION]);
    assert.equal(received, `-TRYAGAIN\r\n${EXECUTED}`);
  });

  test('unless it is a script, which says what it likes', () => {
    const { learned, received } = learnedOf(REPEAT_NEVER);
    assert.deepEqual(learned, []);
    assert.equal(received, `-TRYAGAIN\r\n${EXECUTED}`);
  });
});
