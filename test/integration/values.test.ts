import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { tagWord } from '../../src/distribution/hash-tag.ts';
import { writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing } from '../../src/distribution/ring.ts';
import { routeKey } from '../../src/distribution/route.ts';
import { HASH_NAMES } from '../../src/hash/index.ts';
import { type RealServer, startRedisSet } from '../support/real-servers.ts';
import { encodeRequest, RespClient } from '../support/resp-client.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  VARIANTS,
  type Variant,
} from '../support/ringway.ts';
import { delay } from '../support/wait.ts';

for (const variant of VARIANTS) describe(`values, ${variant.label}`, () => suite(variant));

/** Index of the server that the ring names for a key, with shard1 to shard3 of equal weight. */
function ringIndex(): (key: Buffer) => number {
  const servers = [1, 2, 3].map((n) => ({ name: Buffer.from(`shard${n}`), weight: 1 }));
  const ring = buildRing(servers, [1, 1, 1], {
    hash: HASH_NAMES.indexOf('fnv1a_64'),
    distribution: 'ketama',
    tag: tagWord(null),
  });
  const words = new Uint32Array(1 << 16);
  writePool(words, 0, ring);
  return (key) => routeKey(key, 0, key.length, words, 0);
}

function suite(variant: Variant): void {
  let servers: RealServer[] = [];
  let ringway: TestRingway;
  let client: RespClient;

  before(async () => {
    servers = await startRedisSet(3);
    const lines = shards(servers.map(({ port }) => port));
    ringway = await startInProcess({ servers: lines }, variant);
    client = await RespClient.open(ringway.port);
  });
  after(async () => {
    client?.close();
    await ringway?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  test('a thousand binary values come back equal, from the servers that the ring names', async () => {
    const indexOf = ringIndex();
    const direct = await Promise.all(servers.map(({ port }) => RespClient.open(port)));
    const counts = [0, 0, 0];
    const sizes = [0, 1, 2, 100, 1023, 1024, 16383, 16384, 16385, 65535, 65536, 65537, 262144];
    for (let i = 0; i < 1000; i++) {
      const key = Buffer.concat([Buffer.from(`k${i}\r\n`), randomBytes(i % 20)]);
      const size = i % 100 === 99 ? 1 << 20 : i < 900 ? (i * i) % 5000 : sizes[i % sizes.length];
      const value = randomBytes(size);
      const replies = await client.pipeline([
        ['SET', key, value],
        ['GET', key],
      ]);
      assert.equal(replies[0], 'OK');
      assert.ok(value.equals(replies[1] as Buffer), `value ${i} of ${size} bytes`);
      const server = indexOf(key);
      counts[server]++;
      const stored = await direct[server].command('GET', key);
      assert.ok(value.equals(stored as Buffer), `value ${i} is on shard${server + 1}`);
    }
    const sum = await Promise.all(direct.map((each) => each.command('DBSIZE')));
    assert.deepEqual(sum, counts);
    assert.ok(Math.min(...counts) > 100, `spread ${counts}`);
    for (const each of direct) each.close();
  });

  test('a pipeline cut at every byte', async () => {
    const pipeline = Buffer.concat([
      encodeRequest('SET', 'cut', 'a\r\nb'),
      encodeRequest('GET', 'cut'),
      encodeRequest('PING'),
      Buffer.from('GET cut\r\n'),
      encodeRequest('MSET', 'cut1', '1', 'cut2', '2', 'cut3', '3', 'cut4', '4'),
      encodeRequest('mget', 'cut4', 'none', 'cut1', 'cut'),
      encodeRequest('DEL', 'cut1', 'cut2', 'none'),
      encodeRequest('EVAL', 'return {KEYS[1],{1,{}}}', '1', 'cut'),
      encodeRequest('NOSUCH'),
      encodeRequest('GET'),
    ]);
    await client.send(pipeline);
    const expected = await client.readRaw(10);
    for (let at = 1; at < pipeline.length; at++) {
      await client.send(pipeline.subarray(0, at));
      await delay(0);
      await client.send(pipeline.subarray(at));
      assert.equal(String(await client.readRaw(10)), String(expected), `cut at ${at}`);
    }
    for (const byte of pipeline) await client.send(Buffer.of(byte));
    assert.equal(String(await client.readRaw(10)), String(expected), 'byte by byte');
  });

  test('ten thousand requests in one write', async () => {
    const requests = Array.from({ length: 10_000 }, (_, i) => encodeRequest('SET', `deep${i}`, i));
    requests.push(...Array.from({ length: 10_000 }, (_, i) => encodeRequest('GET', `deep${i}`)));
    await client.send(Buffer.concat(requests));
    const replies = await client.read(20_000);
    assert.ok(replies.slice(0, 10_000).every((reply) => reply === 'OK'));
    for (let i = 0; i < 10_000; i++) assert.equal(String(replies[10_000 + i]), String(i));
  });

  test('a value of 20 MB, assembled and streamed, between small requests', async () => {
    const value = randomBytes(20 << 20);
    const replies = await client.pipeline([
      ['SET', 'small', 'before'],
      ['SET', 'big', value],
      ['GET', 'big'],
      ['GET', 'small'],
    ]);
    assert.equal(replies[1], 'OK');
    const sum = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex');
    assert.equal(sum(replies[2] as Buffer), sum(value));
    assert.equal(String(replies[3]), 'before');
  });
}
