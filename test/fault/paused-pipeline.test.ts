import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { delay, waitFor } from '../support/wait.ts';
import { PausedClient } from './paused-client.ts';
import { Prober } from './prober.ts';
import { REDIS_WIRE } from './wire.ts';

// A client that asks for much at once and reads it later loses nothing and holds up nobody.

const MB = 1 << 20;
const COUNT = 200;
const PAUSE_MS = 2_000;
const KEY = 'large';
const GET = encodeRequest('GET', KEY);
const REPLY_BYTES = MB + `$${MB}\r\n\r\n`.length;

describe('a client that pauses 2 s behind 200 pipelined GETs of 1 MB', () => {
  let redis: RealServer;
  let ringway: ChildRingway;
  let other: Prober;
  let takenBack: () => Promise<number>;

  before(async () => {
    redis = await startRedis();
    const http = `127.0.0.1:${await freePort()}`;
    ringway = await startChild({ servers: shards([redis.port]) }, { args: ['--http-addr', http] });
    takenBack = async () => {
      const metrics = await (await fetch(`http://${http}/metrics`)).text();
      return Number(/^ringway_reads_taken_back_total\{.*\} (\d+)$/m.exec(metrics)?.[1]);
    };
    const direct = await RespClient.open(redis.port);
    await direct.text('SETRANGE', KEY, MB - 1, 'x');
    direct.close();
    other = await Prober.start(ringway.port, REDIS_WIRE, 'other');
  });
  after(async () => {
    await other?.stop();
    await ringway?.stop();
    await redis?.stop();
  });

  const cases = [
    { what: 'its first requests', before: Buffer.alloc(0), replyBytes: 0, expected: false },
    { what: 'behind a small reply', before: encodeRequest('PING'), replyBytes: 7, expected: false },
    { what: 'behind a large reply', before: GET, replyBytes: REPLY_BYTES, expected: true },
  ];
  for (const { what, before, replyBytes, expected } of cases) {
    test(`gets all of them, and others are served meanwhile: ${what}`, async () => {
      const takenBefore = await takenBack();
      const from = performance.now();
      const client = new PausedClient(ringway.port);
      if (replyBytes > 0) await client.gets(before, replyBytes);
      client.socket.write(Buffer.alloc(COUNT * GET.length, GET));
      const bytes = COUNT * REPLY_BYTES;
      const { length } = other.samples;
      await delay(PAUSE_MS);
      await waitFor('another client to be served', () => other.samples.length > length + 5);
      const got = await client.readsAfter(0, bytes);
      const to = performance.now();
      assert.equal(got.length, bytes);
      for (let i = 0, at = 0; i < COUNT; i++, at += REPLY_BYTES) {
        assert.equal(got.toString('latin1', at, at + 10), `$${MB}\r\n`, `reply ${i}`);
      }
      assert.deepEqual(
        ringway.log.filter((line) => line.includes('does not read')),
        [],
      );
      const taken = (await takenBack()) - takenBefore;
      assert.ok(expected ? taken < COUNT / 4 : taken > 0, `${taken} reads were taken back`);
      const longest = other.longest(from, to);
      console.log(`${what}: another client waited ${longest.toFixed(0)} ms at most`);
    });
  }
});
