import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BackendConnection } from '../../../../src/proxy/backend/backend-connection.ts';
import { Lane } from '../../../../src/proxy/backend/lane.ts';
import { Places } from '../../../../src/proxy/pool/connections/places.ts';
import { TestOwner } from '../../../support/test-backend.ts';
import { TestClient } from '../../../support/test-client.ts';
import { testEngine } from '../../../support/test-engine.ts';

const PING = Buffer.from('*1\r\n$4\r\nPING\r\n');

describe('a connection that is taken out of its place', () => {
  const engine = testEngine();
  const protocol = {
    joiner: () => null,
    handshake() {},
    classes: new Uint8Array(1),
    slots: null,
    failure: () => Buffer.from('-ERR lost\r\n'),
  };
  const owner = new TestOwner(engine, protocol, { followsMaster: false, serverOutputLimit: 1024 });

  test('is not overtaken by what its clients ask from then on', () => {
    const places = new Places(1);
    const connect = (): BackendConnection =>
      new BackendConnection(engine, owner, new Lane(0, 0, 2, false));
    const connection = places.open(0, connect, () => {}) as BackendConnection;
    const [waiting, idle] = [new TestClient(engine), new TestClient(engine)];
    connection.sendBuffer(PING, waiting.id, waiting.claims.begin());
    places.retire(connection);
    assert.equal(places.at(0), null);
    assert.deepEqual([waiting.barriers, idle.barriers], [1, 0]);
    places.retire(connection);
    assert.equal(waiting.barriers, 1, 'it has no place any more');
  });
});
