import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { RingwayError } from '../../src/errors.ts';
import { InternalErrors } from '../../src/internal-errors.ts';
import { openDoors } from '../../src/run/doors.ts';
import { StatusView } from '../../src/stats/http/http-address.ts';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait.ts';

/** @returns all that the stats port sends */
function readStats(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

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
      assert.equal(await readStats(stats), '');
      assert.ok(errors.count > before);
      assert.ok(logged('internal error: the stats could not be sent: TypeError: mistake'));
    }));

  test('that no worker serves at the moment is no mistake', () =>
    withDoors(new RingwayError('RINGWAY_INTERNAL', 'no worker'), async (stats, _lines, errors) => {
      assert.equal(await readStats(stats), '');
      assert.equal(errors.count, 0);
    }));
});
