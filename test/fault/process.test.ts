import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { send, startFake } from '../support/fake-server.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { startChild, startInProcess } from '../support/ringway.ts';
import { underWay } from '../support/under-way.ts';
import { waitFor } from '../support/wait.ts';

// The process itself: descriptors that run out, and signals while requests are under way.

/** A script's second, by the server's own clock. */
const SECOND =
  'local t = redis.call("TIME") repeat local n = redis.call("TIME") ' +
  'until n[1] * 1e6 + n[2] - t[1] * 1e6 - t[2] > 1e6';

const skip = process.platform === 'linux' ? false : 'needs ulimit and /proc';

describe('the process', { skip }, () => {
  let server: RealServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server?.stop());

  test('EMFILE: those connected are served, and others again once there is room', async () => {
    const options = { before: 'ulimit -n 96', args: ['--max-connections', '1000000'] };
    const ringway = await startChild({ servers: [`127.0.0.1:${server.port}`] }, options);
    const first = await RespClient.open(ringway.port);
    assert.equal(await first.command('SET', 'k', 'v'), 'OK');
    const sockets: Socket[] = [];
    for (let i = 0; i < 160; i++) {
      const socket = connect(ringway.port, '127.0.0.1');
      socket.on('error', () => {});
      sockets.push(socket);
    }
    await waitFor('its descriptors to be used up', () => {
      return readdirSync(`/proc/${ringway.pid}/fd`).length > 90;
    });
    for (let i = 0; i < 50; i++) {
      assert.equal(await first.command('SET', 'k', i), 'OK');
      assert.equal(String(await first.command('GET', 'k')), String(i));
    }
    for (const socket of sockets) socket.destroy();
    const late = await waitFor('a new client to be served', async () => {
      const client = await RespClient.open({ port: ringway.port, timeoutMs: 500 });
      const reply = await client.command('GET', 'k');
      client.close();
      return String(reply);
    });
    assert.equal(late, '49');
    assert.equal(String(await first.command('GET', 'k')), '49');
    first.close();
    await ringway.stop();
    assert.equal(await ringway.gone(), 0);
  });

  test('it stands still for longer than timeout: replies that have come are no less good', async () => {
    const slow = await startFake((_, request, socket) => {
      if (!/late/.test(String(request))) return send('+OK\r\n');
      socket.write('+LATE\r\n');
      // Nothing is read meanwhile, and then both are due: the reply and its deadline.
      const until = performance.now() + 1500;
      while (performance.now() < until);
      return undefined;
    });
    const ringway = await startInProcess({ servers: [`127.0.0.1:${slow.port}`], timeout: 1000 });
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.command('SET', 'k', 'v'), 'OK');
    try {
      assert.equal(await client.command('GET', 'late'), 'LATE');
    } finally {
      client.close();
      await ringway.stop();
      await slow.stop();
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal}: what is in flight is answered, then it ends`, async () => {
      const args = ['--drain-ms', '60000'];
      const ringway = await startChild({ servers: [`127.0.0.1:${server.port}`] }, { args });
      const client = await RespClient.open(ringway.port);
      assert.equal(await client.command('SET', 'k', 'v'), 'OK');
      await client.send(
        Buffer.concat([
          encodeRequest('EVAL', `${SECOND} return 7`, '1', 'k'),
          encodeRequest('GET', 'k'),
        ]),
      );
      await underWay(ringway.statsPort, 2);
      const began = performance.now();
      ringway.kill(signal);
      assert.deepEqual((await client.read(2)).map(String), ['7', 'v']);
      const status = await ringway.gone();
      assert.ok(performance.now() - began < 50_000, 'not for as long as it might');
      assert.equal(status, signal === 'SIGINT' ? 1 : 0);
      await assert.rejects(RespClient.open(ringway.port));
      client.close();
    });
  }
});
