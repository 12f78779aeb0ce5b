import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ClientConnection } from '../../../../src/proxy/client/client-connection.ts';
import type { Engine } from '../../../../src/proxy/engine/engine.ts';
import type { Pool } from '../../../../src/proxy/pool/pool.ts';
import { closeAudit, writeEntry } from '../../../../src/proxy/redis/access/audit.ts';
import { auditWritten } from '../../../../src/proxy/redis/access/audit-file.ts';
import { poolCounters } from '../../../../src/stats/counters.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringway-audit-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('the last lines of a file that a reload leaves for another are written', async () => {
  const engine = {
    // Nothing is written because of the time.
    deadlines: { arm: () => {} },
    budget: { count: () => {} },
  } as unknown as Engine;
  const [first, second] = ['first.log', 'second.log'].map((name) => join(folder, name));
  const config = { name: 'p', auditLog: first, auditSize: 0, auditFiles: 0 };
  const pool = { engine, config, counters: poolCounters() };
  const client = {
    pool,
    session: { number: 1 },
    socket: { remoteAddress: '1.2.3.4', remotePort: 5 },
  };
  const add = (key: string): void => {
    const entry = { user: 'u', command: 'get', keys: [key], more: false };
    writeEntry(client as unknown as ClientConnection, entry, null);
  };
  add('a');
  add('b');
  config.auditLog = second as string;
  add('c');
  closeAudit(pool as unknown as Pool);
  await auditWritten(engine);
  const keysIn = (path: string | undefined): string[] =>
    readFileSync(path as string, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).keys[0]);
  assert.deepEqual([keysIn(first), keysIn(second)], [['a', 'b'], ['c']]);
});
