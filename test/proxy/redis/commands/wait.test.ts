import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SCRATCH } from '../../../../src/protocol/frame-table.ts';
import { encodeText } from '../../../../src/protocol/redis/replies/encode.ts';
import { FAILURE_TIMEOUT, failureOf } from '../../../../src/proxy/backend/failure.ts';
import type { ClientConnection } from '../../../../src/proxy/client/client-connection.ts';
import { MAY_WAIT } from '../../../../src/proxy/client/router.ts';
import { waitAof } from '../../../../src/proxy/redis/commands/wait.ts';
import { Words } from '../../../../src/proxy/redis/words.ts';
import { engineCodecs, testEngine } from '../../../support/test-engine.ts';
import { PoolClient, TestPool } from '../../../support/test-pool.ts';

const FILES = '$15\r\naof_enabled:1\r\n\r\n';

/** A client that has asked two servers whether they keep a file; the first has said so. */
function asked() {
  const engine = testEngine(undefined, 0, engineCodecs()[0].codec);
  const pool = new TestPool(engine, 2, {});
  const lanes = { at: () => ({ index: 0 }), again: () => 0 };
  Object.assign(pool, { lanes, liveServers: pool.servers });
  const client = new PoolClient(engine, pool);
  const bytes = encodeText('WAITAOF', '1', '0', '0');
  bytes.copy(engine.memory, SCRATCH);
  const request = {
    client: client as unknown as ClientConnection,
    start: SCRATCH,
    length: bytes.length,
    intent: MAY_WAIT,
  };
  assert.ok(waitAof(request, Words.of(request)));
  for (const backend of pool.backends) {
    assert.deepEqual(backend.takeSent(), encodeText('INFO', 'persistence'));
  }
  assert.ok(pool.backends[0].say(Buffer.from(FILES)));
  assert.equal(client.received(), '');
  return { pool, client, lanes };
}

describe('WAITAOF of servers that keep files', () => {
  test('asks each of them what its file has', () => {
    const { pool, client } = asked();
    assert.ok(pool.backends[1].say(Buffer.from(FILES)));
    for (const backend of pool.backends) {
      assert.deepEqual(backend.takeSent(), encodeText('WAITAOF', '0', '0', '0'));
      assert.ok(backend.say(Buffer.from('*2\r\n:1\r\n:0\r\n')));
    }
    assert.equal(client.received(), '*2\r\n:1\r\n:0\r\n');
  });

  test('tells why one of them cannot be asked any more', () => {
    const { pool, client } = asked();
    pool.down.add(0);
    client.router.reasons[0] = failureOf(FAILURE_TIMEOUT);
    assert.ok(pool.backends[1].say(Buffer.from(FILES)));
    assert.equal(client.received(), '-ERR Connection timed out\r\n');
  });

  test('tells that there is no room any more for what the client speaks', () => {
    const { pool, client, lanes } = asked();
    lanes.again = () => -1;
    assert.ok(pool.backends[1].say(Buffer.from(FILES)));
    assert.equal(client.received(), '-ERR too many databases are in use on this proxy\r\n');
  });
});
