import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { PausedClient } from './paused-client.ts';

// A client that holds up nobody but itself is never cut off: what it asked behind is its own, too.

const MB = 1 << 20;
describe('a client that is alone and pauses 2.5 s in a reply of 24 MiB', () => {
  const BIG = 24 * MB;
  const settings = { client_output_limit: MB };
  let redis: RealServer;
  let memcached: RealServer;
  let redisRingway: ChildRingway;
  let memcacheRingway: ChildRingway;

  before(async () => {
    [redis, memcached] = await Promise.all([
      startRedis(),
      startMemcached({ args: ['-I', '64m', '-m', '256'] }),
    ]);
    redisRingway = await startChild({ servers: shards([redis.port]), ...settings });
    const servers = shards([memcached.port]);
    memcacheRingway = await startChild({ servers, redis: false, ...settings });
    const direct = await RespClient.open(redis.port);
    await direct.text('SETRANGE', 'big', BIG - 1, 'x');
    direct.close();
    const socket = connect(memcached.port, '127.0.0.1');
    socket.write(`set big 0 0 ${BIG}\r\n`);
    socket.write(Buffer.alloc(BIG, 'x'));
    socket.write('\r\n');
    const [stored] = (await new Promise<[Buffer]>((resolve) => {
      socket.once('data', (chunk) => resolve([chunk]));
    })) as [Buffer];
    assert.equal(stored.toString(), 'STORED\r\n');
    socket.destroy();
  });
  after(async () => {
    await redisRingway?.stop();
    await memcacheRingway?.stop();
    await redis?.stop();
    await memcached?.stop();
  });

  const manyKeys = Array.from({ length: 20 }, (_, i) => `k${i}`).join(' ');
  const cases = [
    { next: 'DBSIZE', asked: 'DBSIZE\r\n', answer: ':1\r\n' },
    { next: 'KEYS', asked: 'KEYS *\r\n', answer: '*1\r\n$3\r\nbig\r\n' },
    { next: 'a get of 20 keys', asked: `get ${manyKeys}\r\n`, answer: 'END\r\n' },
    { next: 'a quiet meta get', asked: 'mg none v q\r\nmn\r\n', answer: 'MN\r\n' },
  ];
  for (const { next, asked, answer } of cases) {
    test(`all bytes arrive with ${next} behind it`, async () => {
      const isRedis = /^[A-Z]/.test(asked);
      const client = new PausedClient((isRedis ? redisRingway : memcacheRingway).port);
      client.socket.write(`${isRedis ? 'GET' : 'get'} big\r\n${asked}`);
      const head = isRedis ? `$${BIG}\r\n` : `VALUE big 0 ${BIG}\r\n`;
      const tail = isRedis ? `\r\n${answer}` : `\r\nEND\r\n${answer}`;
      const expected = head.length + BIG + tail.length;
      const got = await client.readsAfter(2_500, expected);
      assert.equal(got.length, expected);
      assert.equal(got.toString('latin1', 0, head.length), head);
      assert.equal(got.toString('latin1', head.length + BIG), tail);
    });
  }
});
