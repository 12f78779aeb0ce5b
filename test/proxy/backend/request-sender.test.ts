import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SendQueue } from '../../../src/net/send-queue.ts';
import { FIXED_END } from '../../../src/protocol/frame-table.ts';
import { KeptRequests } from '../../../src/proxy/backend/again/kept-requests.ts';
import type { SavedRequest } from '../../../src/proxy/backend/again/saved-requests.ts';
import { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import { MOVED } from '../../../src/proxy/backend/failure.ts';
import { InFlight } from '../../../src/proxy/backend/in-flight.ts';
import { Lane } from '../../../src/proxy/backend/lane.ts';
import type { Heir } from '../../../src/proxy/backend/owner.ts';
import { SentRequests } from '../../../src/proxy/backend/sent-requests.ts';
import { millis } from '../../../src/proxy/engine/clock.ts';
import { NO_SERIES } from '../../../src/stats/latency.ts';
import { poison } from '../../fault/throwing-steps.ts';
import { assertAtRest, holdingsOf } from '../../support/at-rest.ts';
import { TestOwner } from '../../support/test-backend.ts';
import { TestClient } from '../../support/test-client.ts';
import { testEngine } from '../../support/test-engine.ts';

const engine = testEngine();
const REQUEST = Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\nk\r\n');
const PREFIX = Buffer.from('*1\r\n$6\r\nASKING\r\n');
const LOST = '-ERR lost\r\n';

const STEPS: readonly (readonly [prototype: object, name: string])[] = [
  [SendQueue.prototype, 'append'],
  [InFlight.prototype, 'putBack'],
  [InFlight.prototype, 'pushTarget'],
  [InFlight.prototype, 'noteOffset'],
  [InFlight.prototype, 'keepHead'],
  [KeptRequests.prototype, 'advance'],
  [SentRequests.prototype, 'add'],
];

/** @param adopts who goes on with its requests; absent = nobody */
function heir(adopts: Heir = null): BackendConnection {
  const protocol = {
    joiner: () => null,
    handshake() {},
    classes: new Uint8Array(1),
    slots: null,
    failure: () => Buffer.from(LOST),
  };
  const config = {
    followsMaster: true,
    serverOutputLimit: 1 << 20,
    failoverWaitMs: 60_000,
    timeoutMs: 0,
  };
  const owner = new TestOwner(engine, protocol, config);
  owner.heirOf = () => adopts;
  return new BackendConnection(engine, owner, new Lane(0, 0, 2, false));
}

function saved(client: TestClient): SavedRequest {
  const entry = {
    clientId: client.id,
    slot: client.claims.begin(),
    target: null,
    time: 0,
    arrived: 0,
    series: NO_SERIES,
    bytes: REQUEST.length,
    offset: 0,
    head: null,
  };
  return { entry, bytes: REQUEST };
}

describe('requests of another connection', () => {
  for (const [prototype, name] of STEPS) {
    for (const prefix of [undefined, PREFIX]) {
      if (prefix === undefined && name === 'pushTarget') continue;
      for (const behind of [false, true]) {
        const when = `${behind ? 'behind' : 'before'} ${name}${prefix ? ', prefixed' : ''}`;
        test(`an exception ${when}: each has one answer, and none is sent in part`, () => {
          const fresh = holdingsOf(engine);
          const clients = [1, 2, 3].map(() => new TestClient(engine));
          const connection = heir();
          const requests = clients.map(saved);
          const step = poison(prototype, name, prefix === undefined ? 2 : 3, behind);
          try {
            connection.adopt(requests, prefix);
          } finally {
            step.undo();
          }
          assert.ok(connection.closed);
          assert.deepEqual(
            clients.map((client) => client.received()),
            [LOST, LOST, LOST],
          );
          for (const client of clients) client.close();
          assertAtRest(engine, fresh, [], clients);
        });
      }
    }
  }
});

describe('a request that a timer sends long behind the last chunk has all of its time', () => {
  const target = {
    claim: null,
    distrusts: false,
    onReply() {},
    awaitsMore: () => false,
    onFailure() {},
  };
  const WAYS: Readonly<
    Record<string, (connection: BackendConnection, client: TestClient) => void>
  > = {
    'for somebody': (connection) => connection.sentFor(target, 1, null),
    'for who may be blocked': (connection) => connection.sentUnmeasured(target, 1),
    'from the heap': (connection, client) => {
      connection.sendBuffer(REQUEST, client.id, client.claims.begin());
    },
    'from the arena': (connection, client) => {
      connection.sendFrom(FIXED_END, REQUEST.length, client.id, client.claims.begin());
    },
    'of another connection': (connection, client) => connection.adopt([saved(client)]),
    'of another connection, behind ASKING': (connection, client) => {
      connection.adopt([saved(client)], PREFIX);
    },
  };
  for (const [way, send] of Object.entries(WAYS)) {
    test(way, () => {
      const client = new TestClient(engine);
      const connection = heir();
      engine.now = 0;
      const begun = millis();
      send(connection, client);
      assert.ok(connection.inFlight.headTime >= begun, String(connection.inFlight.headTime));
      connection.fail(MOVED);
    });
  }
});

test('requests that were about to be written when sending stopped go on in the heir', () => {
  const clients = [1, 2].map(() => new TestClient(engine));
  const adopted: SavedRequest[] = [];
  const connection = heir({ adopt: (requests) => adopted.push(...requests) });
  const requests = clients.map(saved);
  connection.adopt(requests);
  connection.stopSending();
  connection.flush();
  assert.ok(connection.isBalanced);
  connection.fail(MOVED);
  assert.deepEqual(
    adopted.map(({ entry, bytes }) => [entry.clientId, bytes]),
    requests.map(({ entry, bytes }) => [entry.clientId, bytes]),
  );
  for (const client of clients) {
    assert.equal(client.received(), '');
    client.close();
  }
});
