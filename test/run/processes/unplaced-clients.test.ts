import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNPLACED_CLIENTS } from '../../../src/limits.ts';
import type { Log } from '../../../src/log.ts';
import { UnplacedClients } from '../../../src/run/processes/unplaced-clients.ts';
import type { MovingClient } from '../../../src/run/serving.ts';

test('so many clients wait while there is no worker, in order; the others are closed', () => {
  const lines: string[] = [];
  const log: Log = { level: 0, write: (_level, line) => void lines.push(line) };
  const unplaced = new UnplacedClients(log);
  const released: string[] = [];
  const came = (name: string): MovingClient => {
    return {
      pool: name,
      tls: false,
      state: null,
      handle: {},
      release: () => released.push(name),
    } as unknown as MovingClient;
  };
  const names = Array.from({ length: UNPLACED_CLIENTS + 2 }, (_, i) => `client ${i}`);
  for (const name of names) unplaced.add(came(name));
  assert.deepEqual(released, names.slice(-2));
  assert.deepEqual([lines.length, /there is no worker/.test(lines[0])], [2, true]);
  const given: string[] = [];
  unplaced.giveAll(({ pool }) => void given.push(pool));
  assert.deepEqual(given, names.slice(0, -2));
  // One that finds no worker again, while others are being given, waits again.
  unplaced.add(came('late'));
  unplaced.giveAll((client) => unplaced.add(client));
  unplaced.giveAll(({ pool }) => void given.push(pool));
  assert.equal(given.at(-1), 'late');
});
