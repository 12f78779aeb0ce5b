import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { PausedClient } from './paused-client.ts';
import { Prober } from './prober.ts';
import { REDIS_WIRE } from './wire.ts';

// A client that asks for much at once and reads it later loses nothing and holds up nobody.

const MB = 1 << 20;
const COUNT = 200;
/** Others of the same server never wait until a slow reader is cut off. */
const GRACE_MS = 1_000;
const KEY = 'large';
const GET = encodeRequest('GET', KEY);
const REPLY_BYTES = MB + `$${MB}\r\n\r\n`.length;

describe('a client that pauses 2 s behind 200 pipelined GETs of 1 MB', () => {
  let redis: RealServer;
  let ringway: ChildRingway;
  let other: Prober;
  let withoutProxy: Prober;

  before(async () => {
    redis = await startRedis();
    ringway = await startChild({ servers: shards([redis.port]) });
    const direct = await RespClient.open(redis.port);
    await direct.text('SETRANGE', KEY, MB - 1, 'x');
    direct.close();
    other = await Prober.start(ringway.port, REDIS_WIRE, 'other');
    withoutProxy = await Prober.start(redis.port, REDIS_WIRE, 'direct');
  });
  after(async () => {
    await other?.stop();
    await withoutProxy?.stop();
    await ringway?.stop();
    await redis?.stop();
  });

  for (const { what, known } of [{ what: 'when its replies are known to be large', known: true }]) {
    test(`gets all of them, and others are served meanwhile: ${what}`, async () => {
      const from = performance.now();
      const client = new PausedClient(ringway.port);
      if (known) await client.gets(GET, REPLY_BYTES);
      client.socket.write(Buffer.alloc(COUNT * GET.length, GET));
      const expected = COUNT * REPLY_BYTES;
      const got = await client.readsAfter(2_000, expected);
      const to = performance.now();
      assert.equal(got.length, expected);
      for (let i = 0, at = 0; i < COUNT; i++, at += REPLY_BYTES) {
        assert.equal(got.toString('latin1', at, at + 10), `$${MB}\r\n`, `reply ${i}`);
      }
      assert.deepEqual(
        ringway.log.filter((line) => line.includes('does not read')),
        [],
      );
      const longest = other.longest(from, to);
      const limit = GRACE_MS / 2 + 2 * withoutProxy.longest(from, to);
      assert.ok(longest < limit, `another client waited ${longest.toFixed(0)} ms`);
      console.log(`${what}: another client waited ${longest.toFixed(0)} ms at most`);
    });
  }
});
