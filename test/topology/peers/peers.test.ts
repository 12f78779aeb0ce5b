import assert from 'node:assert/strict';
import dns from 'node:dns';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { NAME_LOOKUPS, PEER_DEAD_MS } from '../../../src/limits.ts';
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

  describe('of which something is known already', () => {
    const isThere = () => startFake(() => send('+PONG\r\n'));
    const at = (...ports: number[]) => ports.map((port) => ({ host: HOST, port }));
    let steps: PeersStep[];
    let skewMs: number;
    let peers: Peers;

    beforeEach(() => {
      steps = [];
      skewMs = 0;
      peers = new Peers({
        clock: { ...SYSTEM_CLOCK, now: () => SYSTEM_CLOCK.now() + skewMs },
        steer: (step) => void steps.push(step),
        say: () => {},
      });
    });
    afterEach(() => peers.stop());

    const lastDown = (): readonly string[] | undefined => steps.at(-1)?.down;

    test('are back when they answer, whoever missed them', async (t) => {
      const server = await isThere();
      t.after(() => server.stop());
      const missed = { pool: 'p', down: [`${HOST}:${server.port}`] };
      peers.follow([{ pool: 'p', peers: at(server.port), tls: null }], [missed]);
      assert.deepEqual(peers.known, [missed]);
      await waitFor('it to be back', () => lastDown()?.length === 0);
      // Who began when it was away is told so, too.
      assert.deepEqual(peers.known, [{ pool: 'p', down: [] }]);
    });

    test('are still missed when the file names others beside them', async (t) => {
      const server = await isThere();
      t.after(() => server.stop());
      const [gone, other] = [await freePort(), await freePort()];
      const spec = { pool: 'p', peers: at(gone, other), tls: null };
      const down = [`${HOST}:${gone}`, `${HOST}:${other}`];
      peers.follow([spec], [{ pool: 'p', down }]);
      steps.length = 0;
      peers.follow([{ ...spec, peers: at(gone, server.port) }]);
      assert.deepEqual(lastDown(), [`${HOST}:${gone}`]);
    });

    test('are not missed for the time that this process stood still', async (t) => {
      const server = await isThere();
      t.after(() => server.stop());
      peers.follow([{ pool: 'p', peers: at(server.port), tls: null }]);
      await waitFor('it to be asked twice', () => server.received.length > 1);
      skewMs += 10 * PEER_DEAD_MS;
      const { length } = server.received;
      await waitFor('it to be asked again', () => server.received.length > length);
      assert.deepEqual(steps, []);
      assert.equal(server.connections, 1);
    });

    test('look their names up a few at a time, whatever a dead name server does', async (t) => {
      const server = await isThere();
      t.after(() => server.stop());
      const asked: ((host: string) => void)[] = [];
      t.mock.method(
        dns,
        'lookup',
        (_: string, options: object, done: (...all: unknown[]) => void) => {
          asked.push((address) => {
            const isAll = (options as { all?: boolean }).all === true;
            done(null, isAll ? [{ address, family: 4 }] : address, 4);
          });
        },
      );
      const names = Array.from({ length: 6 }, (_, i) => ({
        host: `p${i}.test`,
        port: server.port,
      }));
      peers.follow([{ pool: 'p', peers: names, tls: null }]);
      await waitFor('all to be missed', () => lastDown()?.length === names.length);
      assert.equal(asked.length, NAME_LOOKUPS);
      for (let i = 0; i < names.length; i++) {
        await waitFor('a look-up', () => asked.length > i);
        asked[i](HOST);
      }
      await waitFor('all to be back', () => lastDown()?.length === 0);
      assert.equal(asked.length, names.length);
    });

    test('are not listened to when they talk without end', async (t) => {
      let talked = 0;
      const talker = createServer((socket) => {
        const talk = (): void => {
          const more = Buffer.alloc(1 << 20, '+PONG\r\n');
          while (!socket.destroyed && socket.write(more)) talked += more.length;
        };
        socket
          .on('data', talk)
          .on('drain', talk)
          .on('error', () => {});
      });
      await new Promise<void>((resolve) => talker.listen(0, HOST, resolve));
      t.after(() => talker.close());
      const { port } = talker.address() as AddressInfo;
      let connections = 0;
      talker.on('connection', () => void connections++);
      peers.follow([{ pool: 'p', peers: at(port), tls: null }]);
      await waitFor('it to be asked again', () => connections > 2);
      assert.ok(talked < connections * (64 << 20), `it has said ${talked} bytes`);
      assert.deepEqual(steps, []);
    });
  });
});
