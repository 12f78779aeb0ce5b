import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inOrder, send, startFake } from '../support/fake-server.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway, VARIANTS } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

/** Levels of nested tables that the scripts return; Redis's Lua takes about 7,990. */
const LEVELS = [40, 41, 64, 100, 255, 256, 500, 1000, 2000, 4000, 6000, 7500, 7900];
const WRITERS = 4;
const BURSTS = 30;
const DEPTH = 200;

const nested = (levels: number) =>
  encodeRequest(
    'EVAL',
    `local t = {} for i = 1, ${levels} do t = {t} end return t`,
    1,
    `key:${levels}`,
  );
const nestedReply = (levels: number) => `${'*1\r\n'.repeat(levels)}*0\r\n`;

/** The bytes that come for `request` until there are as many as expected. */
async function exchange(port: number, request: Uint8Array, bytes: number): Promise<string> {
  const client = await RespClient.open(port);
  await client.send(request);
  await waitFor(`${bytes} bytes`, () => client.ended || client.unread.length >= bytes);
  const reply = client.unread.toString('latin1');
  client.close();
  return reply;
}

for (const variant of VARIANTS) {
  describe(`nested replies, ${variant.label}`, () => {
    let server: RealServer;
    let ringway: TestRingway;

    before(async () => {
      server = await startRedis();
      // The key that once bounded the depth is still taken, without effect.
      const pool = { servers: shards([server.port]), max_reply_depth: 3 };
      ringway = await startInProcess(pool, variant);
    });
    after(async () => {
      await ringway?.stop();
      await server?.stop();
    });

    test('pass at any depth, and others on the same connection never notice', async () => {
      const writer = async (id: number): Promise<number> => {
        const client = await RespClient.open(ringway.port);
        let good = 0;
        for (let burst = 0; burst < BURSTS; burst++) {
          const words = Array.from({ length: DEPTH }, (_, i) => ['SET', `w${id}:${i}`, burst]);
          const replies = await client.pipeline(words);
          good += replies.filter((reply) => reply === 'OK').length;
        }
        client.close();
        return good;
      };
      const writers = Array.from({ length: WRITERS }, (_, id) => writer(id));
      const readers = LEVELS.map(async (levels) => {
        const expected = nestedReply(levels);
        const reply = await exchange(ringway.port, nested(levels), expected.length);
        assert.ok(reply === expected, `${levels} levels: ${reply.slice(0, 100)}`);
      });
      await Promise.all(readers);
      assert.deepEqual(await Promise.all(writers), new Array(WRITERS).fill(BURSTS * DEPTH));
    });
  });

  test(`elements beyond counting end the server connection alone, ${variant.label}`, async () => {
    const endless = '*2147483647\r\n'.repeat(3);
    const server = await startFake(inOrder([send(endless), send('+ok\r\n')]));
    const ringway = await startInProcess({ servers: shards([server.port]) }, variant);
    const client = await RespClient.open(ringway.port);
    assert.match(String(await client.command('GET', 'b')), /ERR Invalid argument/);
    assert.equal(String(await client.command('GET', 'c')), 'ok');
    assert.equal(server.connections, 2);
    client.close();
    await ringway.stop();
    await server.stop();
  });
}
