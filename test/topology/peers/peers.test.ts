import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SYSTEM_CLOCK } from '../../../src/topology/clock.ts';
import { Peers, type PeersStep } from '../../../src/topology/peers/peers.ts';
import { send, startFake } from '../../support/fake-server.ts';
import { freePort } from '../../support/free-port.ts';
import { waitFor } from '../../support/wait.ts';

const HOST = '127.0.0.1';

describe('other proxies', () => {
  test('are there when they answer anything at all, and one that is silent is not', async (t) => {
    const strict = await startFake(() => send('-NOAUTH Authentication required.\r\n'));
    let isSilent = true;
    const silent = await startFake(() => send(isSilent ? '' : '+PONG\r\n'));
    const nobody = await freePort();
    t.after(() => Promise.all([strict.stop(), silent.stop()]));
    const steps: PeersStep[] = [];
    const said: string[] = [];
    const peers = new Peers({
      clock: SYSTEM_CLOCK,
      steer: (step) => void steps.push(step),
      say: (text, pool) => void said.push(`${pool}: ${text}`),
    });
    t.after(() => peers.stop());
    const ports = [strict.port, silent.port, nobody];
    const spec = { pool: 'p', peers: ports.map((port) => ({ host: HOST, port })), tls: null };
    peers.follow([spec]);
    await waitFor('both to be missed', () => steps.at(-1)?.down.length === 2);
    assert.deepEqual(steps.at(-1)?.down, [`${HOST}:${silent.port}`, `${HOST}:${nobody}`]);
    assert.deepEqual(peers.known, [{ pool: 'p', down: steps.at(-1)?.down }]);
    assert.ok(said.includes(`p: proxy ${HOST}:${nobody} is away: clients are told of others`));
    // One that is asked again is the same one, with what is known of it.
    const before = steps.length;
    peers.follow([{ ...spec }]);
    isSilent = false;
    await waitFor('one to be back', () => steps.at(-1)?.down.length === 1);
    assert.equal(steps.length, before + 1);
    assert.ok(said.includes(`p: proxy ${HOST}:${silent.port} is back`));
    peers.follow([]);
    assert.deepEqual(steps.at(-1), { pool: 'p', action: 'peers', down: [] });
    await waitFor('the connections to be closed', () => {
      return strict.open.size + silent.open.size === 0;
    });
  });
});
