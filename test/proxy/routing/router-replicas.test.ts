import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendConnection } from '../../../src/proxy/backend/backend-connection.ts';
import { MAY_WAIT, type Reader } from '../../../src/proxy/client/router.ts';
import { NOT_WATCHING } from '../../../src/proxy/client/session/watch.ts';
import type { ReplicatedServer } from '../../../src/proxy/pool/replicas/replica.ts';
import { ServerReaders } from '../../../src/proxy/pool/replicas/server-readers.ts';
import type { Server } from '../../../src/proxy/pool/server.ts';
import { RequestRouter } from '../../../src/proxy/routing/router.ts';

test('of several servers none loses its connection to the replica of another', () => {
  const spared: unknown[][] = [];
  const budget = {
    makeRoom: (but: readonly unknown[]) => {
      spared.push([...but]);
      return false;
    },
  };
  const lanes = { at: () => ({ tracking: false }) };
  const config = { readFrom: 'any', serverConnections: 1 };
  const pool = { config, lanes, budget };
  const [one, other] = [{ full: false }, { full: false }] as BackendConnection[];
  const readers = new ServerReaders({ pool, config: {} } as unknown as ReplicatedServer);
  readers.set([{ host: '10.0.0.1', port: 6379 }]);
  const first = { connectionFor: () => one };
  const second = { connectionFor: () => other, readers };
  const session = { lastWrite: null, watch: NOT_WATCHING };
  const client = { id: 0, lane: 0, session, pool } as unknown as Reader;
  const all = [first, second] as unknown as Server[];
  const chosen = new RequestRouter().chooseAll(client, all, 0, MAY_WAIT, true);
  assert.deepEqual(chosen, [one, other]);
  assert.deepEqual(spared, [[one]]);
});
