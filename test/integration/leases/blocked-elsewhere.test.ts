import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/index.ts';
import { send, startFake } from '../../support/fake-server.ts';
import { type RealServer, startRedisSet } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { poolFile, shards, startInProcess } from '../../support/ringway.ts';
import { encodeSequence } from '../../support/sequences.ts';
import { waitFor } from '../../support/wait.ts';

type InProcess = Awaited<ReturnType<typeof startInProcess>>;

describe('a reload that gives the key of a client that is blocked to another server', () => {
  let servers: RealServer[];

  before(async () => {
    servers = await startRedisSet(2);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  async function blockedAt(index: number): Promise<number> {
    const control = await RespClient.open(servers[index].port);
    const info = String(await control.command('INFO', 'clients'));
    control.close();
    return Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
  }

  async function serveFrom(ringway: InProcess, index: number): Promise<void> {
    const line = shards(servers.map(({ port }) => port))[index];
    const { text } = await poolFile([{ servers: [line], listen: `127.0.0.1:${ringway.port}` }]);
    await ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
  }

  test('goes on there with the time that is left; the server of before is asked nothing', async (t) => {
    const ringway = await startInProcess({ servers: shards([servers[0].port]) });
    t.after(() => ringway.stop());
    const clients = await Promise.all([1, 2, 3].map(() => RespClient.open(ringway.port)));
    t.after(() => clients.forEach((each) => void each.close()));
    const [endless, timed, other] = clients;
    const began = Date.now();
    await endless.send(
      encodeSequence([
        ['BLPOP', 'r', '0'],
        ['LLEN', 'r'],
        ['BLPOP', 'r', '0'],
      ]),
    );
    await timed.send(encodeSequence([['BLMPOP', '3', '1', 'none', 'LEFT']]));
    await waitFor('both to be blocked', async () => (await blockedAt(0)) === 2);
    await serveFrom(ringway, 1);
    await waitFor('both to be blocked there', async () => (await blockedAt(1)) === 2);
    assert.equal(await blockedAt(0), 0);
    await other.command('RPUSH', 'r', 'a');
    assert.deepEqual((await endless.read(2)).map(String), ['r,a', '0']);
    await serveFrom(ringway, 0);
    await waitFor('it to be blocked', async () => (await blockedAt(1)) === 0);
    await waitFor('it to be blocked here', async () => (await blockedAt(0)) >= 1);
    assert.equal((await timed.read(1))[0], null);
    assert.ok(Date.now() - began >= 3000, 'not before its time is over');
    await other.command('RPUSH', 'r', 'b');
    assert.deepEqual((await endless.read(1)).map(String), ['r,b']);
    assert.match(String(await other.command('INFO', 'clients')), /blocked_clients:0/);
  });

  test('what has come by then is its reply, whoever gave it', async (t) => {
    const ringway = await startInProcess({ servers: shards([servers[0].port]) });
    t.after(() => ringway.stop());
    const direct = await RespClient.open(servers[0].port);
    t.after(() => direct.close());
    for (let i = 0; i < 20; i++) {
      const client = await RespClient.open(ringway.port);
      await client.send(encodeSequence([['BLPOP', `e${i}`, '0']]));
      await waitFor('it to be blocked', async () => (await blockedAt(0)) === 1);
      direct.socket.write(encodeSequence([['RPUSH', `e${i}`, 'v']]));
      await serveFrom(ringway, 1);
      assert.equal(String((await client.read(1))[0]), `e${i},v`);
      assert.equal((await direct.read(1))[0], 1);
      await serveFrom(ringway, 0);
      client.close();
    }
  });

  for (const isFirst of [true, false]) {
    const when = isFirst ? 'in front of it' : 'behind it';
    test(`CLIENT UNBLOCK ${when}: who asked is told 1, and the client goes on nowhere`, async (t) => {
      let blocked: Socket | null = null;
      const unblocking: Socket[] = [];
      const fakes = await Promise.all(
        [1, 2].map(() =>
          startFake((_index, request, socket) => {
            const text = request.toString('latin1');
            if (text.includes('UNBLOCK')) unblocking.push(socket);
            else if (text.includes('BLPOP')) blocked = socket;
            else return send(text.includes('CLIENT') ? ':7\r\n' : '+OK\r\n');
            return undefined;
          }),
        ),
      );
      t.after(() => Promise.all(fakes.map((each) => each.stop())));
      const line = (index: number): string => `127.0.0.1:${fakes[index].port}:1 shard1`;
      const ringway = await startInProcess({ servers: [line(0)] });
      t.after(() => ringway.stop());
      const [client, other] = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
      t.after(() => [client, other].forEach((each) => void each.close()));
      const id = Number(await client.command('CLIENT', 'ID'));
      await client.send(encodeSequence([['BLPOP', 'u', '0']]));
      await waitFor('it to be sent', () => blocked !== null);
      const listen = `127.0.0.1:${ringway.port}`;
      const { text } = await poolFile([{ servers: [line(1)], listen }]);
      const reload = () => ringway.ringway.reload(parseConfig(Buffer.from(text), 'test.yml'));
      if (!isFirst) await reload();
      const asked = other.command('CLIENT', 'UNBLOCK', id);
      const most = isFirst ? 1 : 0;
      await waitFor('the first order', () => unblocking.length > 0);
      await other.send(encodeSequence([['PING']]));
      if (isFirst) await reload();
      await waitFor('all orders', () => unblocking.length === most + 1);
      (blocked as unknown as Socket).write('*-1\r\n');
      for (const [i, socket] of unblocking.entries()) socket.write(`:${i === 0 ? 1 : 0}\r\n`);
      assert.equal((await client.read(1))[0], null);
      assert.equal(await asked, 1);
      assert.ok(!fakes[1].received.some((each) => each.includes('BLPOP')));
    });
  }

  test('CLIENT UNBLOCK of one whose server has left reaches no other', async (t) => {
    const ringway = await startInProcess({ servers: shards([servers[0].port]) });
    t.after(() => ringway.stop());
    const [client, other] = await Promise.all([1, 2].map(() => RespClient.open(ringway.port)));
    t.after(() => [client, other].forEach((each) => void each.close()));
    const id = Number(await client.command('CLIENT', 'ID'));
    await client.send(encodeSequence([['BLPOP', 'u', '0']]));
    await waitFor('it to be blocked', async () => (await blockedAt(0)) === 1);
    servers[0].kill('SIGSTOP');
    t.after(() => servers[0].kill('SIGCONT'));
    await serveFrom(ringway, 1);
    const asked = other.command('CLIENT', 'UNBLOCK', id);
    servers[0].kill('SIGCONT');
    await asked;
    assert.equal(await other.command('PING'), 'PONG');
    await other.command('RPUSH', 'u', 'v');
    assert.match(String((await client.read(1))[0]), /^(null|u,v)$/);
  });
});
