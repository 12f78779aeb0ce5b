import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { frame, Subscriber } from '../support/subscriber.ts';
import { delay, waitFor } from '../support/wait.ts';
import { killLeft, run } from './moving.ts';

let redis: RealServer[] = [];

before(async () => {
  redis = await startRedisSet(3);
});
after(async () => {
  killLeft();
  await Promise.all(redis.map((server) => server.stop()));
});

for (const [order, workers] of [
  ['upgrade', 1],
  ['restart', 2],
] as const) {
  describe(`what a subscriber has said, ${order}, --workers ${workers}`, () => {
    test('holds: its mode, its counts, what it has asked for', async () => {
      const running = await run(redis, order, workers);
      const [two, three, writer] = await Promise.all(
        [1, 2, 3].map(() => Subscriber.open(running.port)),
      );
      await two.ask(['SUBSCRIBE', 'a', 'b'], 2);
      await two.ask(['PSUBSCRIBE', 'a*']);
      await two.ask(['SSUBSCRIBE', 's']);
      await three.ask(['HELLO', '3']);
      await three.ask(['SUBSCRIBE', 'a']);
      three.send(['BLPOP', 'list', 0]);
      await running.move();
      assert.deepEqual(await two.ask(['PING']), [frame('*', 'pong', '')]);
      assert.match((await two.ask(['GET', 'x']))[0], /^-ERR Can't execute 'get': only/);
      await waitFor('all to be there', async () => {
        const [said] = await writer.ask(['PUBSUB', 'NUMSUB', 'a', 'b']);
        return said === frame('*', 'a', 2, 'b', 1);
      });
      assert.deepEqual(await writer.ask(['PUBSUB', 'SHARDNUMSUB', 's']), [frame('*', 's', 1)]);
      await writer.ask(['PUBLISH', 'a', 'x']);
      assert.deepEqual(await two.take(2), [
        frame('*', 'message', 'a', 'x'),
        frame('*', 'pmessage', 'a*', 'a', 'x'),
      ]);
      assert.deepEqual(await three.take(1), [frame('>', 'message', 'a', 'x')]);
      await writer.ask(['RPUSH', 'list', 'e']);
      assert.deepEqual(await three.take(1), [frame('*', 'list', 'e')]);
      assert.deepEqual(await two.ask(['UNSUBSCRIBE', 'b']), [frame('*', 'unsubscribe', 'b', 2)]);
      await two.ask(['UNSUBSCRIBE', 'a']);
      await two.ask(['PUNSUBSCRIBE', 'a*']);
      assert.deepEqual(await two.ask(['SUNSUBSCRIBE', 's']), [frame('*', 'sunsubscribe', 's', 0)]);
      assert.deepEqual(await two.ask(['PING']), ['+PONG\r\n']);
      await writer.ask(['PUBLISH', 'a', 'y']);
      assert.deepEqual(await three.take(1), [frame('>', 'message', 'a', 'y')]);
      for (const client of [two, three, writer]) client.close();
      await running.stop();
    });

    if (order === 'upgrade') return;

    test('one that is slow gets all that was published before and meanwhile', async () => {
      const running = await run(redis, order, workers);
      const [slow, writer] = await Promise.all([1, 2].map(() => Subscriber.open(running.port)));
      await slow.ask(['SUBSCRIBE', 'c']);
      slow.socket.pause();
      // More than kernels take: it cannot go before it reads.
      const most = 1500;
      const text = (i: number): string => `${i}:`.padEnd(i < most ? 16_000 : 100, 'x');
      let count = 0;
      const publish = async (): Promise<void> => {
        await writer.ask(['PUBLISH', 'c', text(count++)]);
      };
      while (count < most) await publish();
      let gone = false;
      const moved = running.move().then(() => {
        gone = true;
      });
      for (const end = Date.now() + 2000; Date.now() < end; await delay(2)) await publish();
      assert.equal(gone, false);
      slow.socket.resume();
      await moved;
      for (let i = 0; i < 50; i++) await publish();
      const frames = await slow.take(count);
      for (let i = 0; i < count; i++) assert.equal(frames[i], frame('*', 'message', 'c', text(i)));
      await delay(20);
      assert.deepEqual(slow.frames, []);
      for (const client of [slow, writer]) client.close();
      await running.stop();
    });

    test('many at once', async () => {
      const running = await run(redis, order, workers);
      const clients = await Promise.all(
        Array.from({ length: 30 }, () => Subscriber.open(running.port)),
      );
      const writer = await Subscriber.open(running.port);
      const own = (i: number): string[] => Array.from({ length: 100 }, (_, n) => `${i}:${n}`);
      for (const [i, client] of clients.entries()) {
        await client.ask(['SUBSCRIBE', 'all', ...own(i)], 101);
      }
      await running.move();
      await writer.ask(['PUBLISH', 'all', 'x']);
      for (const i of clients.keys()) await writer.ask(['PUBLISH', `${i}:99`, `${i}`]);
      for (const [i, client] of clients.entries()) {
        assert.deepEqual(await client.take(2), [
          frame('*', 'message', 'all', 'x'),
          frame('*', 'message', `${i}:99`, `${i}`),
        ]);
      }
      for (const client of [...clients, writer]) client.close();
      await waitFor('all to be given up', async () => {
        const all = await Promise.all(redis.map((server) => channelsAt(server)));
        return all.every((text) => text === '*0\r\n');
      });
      await running.stop();
    });
  });
}

async function channelsAt({ port }: RealServer): Promise<string> {
  const client = await Subscriber.open(port);
  const [said] = await client.ask(['PUBSUB', 'CHANNELS']);
  client.close();
  return said;
}

describe('who cannot go along is closed, when all it has asked is answered', () => {
  test('one with connections of its own', async () => {
    const running = await run(redis, 'restart', 2, { pubsub: 'own' });
    const client = await Subscriber.open(running.port);
    await client.ask(['SUBSCRIBE', 'c']);
    await running.move();
    await client.end();
    await running.stop();
  });

  test('one that has no login in the next program', async () => {
    const running = await run(redis, 'upgrade', 1);
    const { file } = running.ringway;
    const client = await Subscriber.open(running.port);
    await client.ask(['SUBSCRIBE', 'c']);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('redis: true', 'redis: true\n  client_auth: secret'));
    await running.move();
    await client.end();
    assert.deepEqual(client.frames, []);
    await running.stop();
  });

  test('all, when servers do not let ringway publish what it needs to', async () => {
    const asking = await Promise.all(redis.map(({ port }) => RespClient.open(port)));
    const rules = ['on', '>secret', '+@all', '~*', 'resetchannels', '&c'];
    for (const client of asking) await client.text('ACL', 'SETUSER', 'narrow', ...rules);
    const running = await run(redis, 'restart', 2, { redis_user: 'narrow', redis_auth: 'secret' });
    const client = await Subscriber.open(running.port);
    await client.ask(['AUTH', 'secret']);
    await client.ask(['SUBSCRIBE', 'c']);
    await running.move();
    await client.end();
    const told = /1 subscribers cannot go along, and are closed: a server/;
    assert.ok(running.ringway.log.some((line) => told.test(line)));
    await running.stop();
    for (const each of asking) each.close();
  });
});
