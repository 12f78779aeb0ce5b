import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { RingwayError } from '../../src/errors.ts';
import { parseConfig, start } from '../../src/index.ts';
import { InternalErrors } from '../../src/internal-errors.ts';
import { openDoors } from '../../src/run/doors.ts';
import { StatusView } from '../../src/stats/http/http-address.ts';
import { freePort } from '../support/free-port.ts';
import { readToEnd } from '../support/to-end.ts';
import { waitFor } from '../support/wait.ts';

/** Doors of a proxy that cannot say how it is. */
async function withDoors(
  error: Error,
  run: (stats: number, lines: readonly string[], errors: InternalErrors) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const log = {
    level: 11,
    write: (_level: number, line: string) => void lines.push(line),
    setLevel: () => {},
    reopen: () => {},
    close: () => {},
  };
  const errors = new InternalErrors(log as never);
  const view = new StatusView({ snapshot: () => Promise.reject(error), state: () => 'ready' });
  const [stats, http] = [await freePort(), await freePort()];
  const host = '127.0.0.1';
  const places = { stats: { port: stats, host }, http: { port: http, host } };
  const doors = await openDoors(places, view, log as never, errors);
  try {
    await run(stats, lines, errors);
  } finally {
    doors.close();
  }
}

describe('the doors of a proxy that cannot say how it is', () => {
  test('stats that cannot be made, and moments that the charts lack, are counted and logged', () =>
    withDoors(new TypeError('mistake'), async (stats, lines, errors) => {
      const logged = (what: string): boolean => lines.some((line) => line.includes(what));
      const lacking = 'internal error: the history lacks a moment: TypeError: mistake';
      await waitFor('a line about the history', () => logged(lacking));
      const before = errors.count;
      assert.equal(await readToEnd(stats, []), '');
      assert.ok(errors.count > before);
      assert.ok(logged('internal error: the stats could not be sent: TypeError: mistake'));
    }));

  test('that no worker serves at the moment is no mistake', () =>
    withDoors(new RingwayError('RINGWAY_INTERNAL', 'no worker'), async (stats, _lines, errors) => {
      assert.equal(await readToEnd(stats, []), '');
      assert.equal(errors.count, 0);
    }));
});

test('start(): stats() counts what went wrong at a door, as the stats port does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-doors-'));
  const [listen, port] = [await freePort(), await freePort()];
  const admin = {
    path: join(folder, 'admin.sock'),
    actions: new Map([['fail', () => Promise.reject(new TypeError('mistake'))]]),
  };
  const file = `p:\n  listen: 127.0.0.1:${listen}\n  redis: true\n  servers:\n   - 127.0.0.1:1:1\n`;
  const ringway = await start({
    config: parseConfig(Buffer.from(file), 'doors.yml'),
    log: { level: 5, write: () => {} },
    stats: { port, host: '127.0.0.1', own: true },
    admin,
  });
  try {
    await assert.rejects(askAdmin(admin.path, 'fail'), /mistake/);
    assert.equal(JSON.parse(await readToEnd(port, [])).ringway.internal_errors, 1);
    assert.equal(JSON.parse(ringway.stats()).ringway.internal_errors, 1);
  } finally {
    await ringway.stop(0);
    rmSync(folder, { recursive: true });
  }
});
