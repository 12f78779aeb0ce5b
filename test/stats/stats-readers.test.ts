import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RealServer, startMemcached, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, startChild } from '../support/ringway.ts';
import { readToEnd } from '../support/to-end.ts';
import {
  isObject,
  type Json,
  objectsIn,
  POOL,
  problemsOf,
  READERS,
  SERVER,
  TOP_NUMBERS,
  TOP_TEXTS,
} from './known-readers.ts';

// How public readers of nutcracker's stats walk the document. Each rule is what one or several of
// them rely on, whether they know the pools beforehand or find them.

/** Takes the six fields of every object at the top, and thirteen of every object in those. */
function byFixedFields(json: Json): void {
  for (const [pool, values] of objectsIn(json)) {
    for (const field of POOL) assert.equal(typeof values[field], 'number', `${pool} ${field}`);
    for (const [server, metrics] of objectsIn(values)) {
      for (const field of SERVER) {
        assert.equal(typeof metrics[field], 'number', `${pool} ${server} ${field}`);
      }
    }
  }
}

/** Takes every number for a metric of its level: it must be one that its level has. */
function byEveryNumber(json: Json): void {
  for (const [name, value] of Object.entries(json)) {
    if (typeof value === 'number') assert.ok(TOP_NUMBERS.includes(name), name);
  }
  for (const [pool, values] of objectsIn(json)) {
    for (const [name, value] of Object.entries(values)) {
      if (!isObject(value)) assert.ok(POOL.includes(name), `${pool} ${name}`);
    }
    for (const [server, metrics] of objectsIn(values)) {
      for (const name of Object.keys(metrics)) {
        assert.ok(SERVER.includes(name), `${pool} ${server} ${name}`);
      }
    }
  }
}

/** Takes whatever is left, once texts and known numbers are gone, for the list of pools. */
function byElimination(json: Json, pools: readonly string[]): void {
  const known = [...TOP_NUMBERS, ...TOP_TEXTS];
  const left = Object.keys(json).filter((name) => !known.includes(name));
  assert.deepEqual(left.sort(), [...pools].sort());
}

/** Adds up a field over all pools, and over all servers of a pool: alerts look at the sums. */
function bySum(json: Json, field: string): number {
  let sum = 0;
  for (const [, pool] of objectsIn(json)) {
    for (const [, server] of objectsIn(pool)) sum += Number(server[field]);
  }
  return sum;
}

/** Turns every value into a whole number, as typed languages do; counters are never negative. */
function byWholeNumbers(json: Json): void {
  const visit = (where: string, value: unknown): void => {
    if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) visit(`${where} ${name}`, inner);
    } else if (!TOP_TEXTS.includes(where.trim())) {
      assert.ok(Number.isSafeInteger(value) && Number(value) >= 0, `${where}: ${value}`);
    }
  };
  visit('', json);
}

for (const workers of ['1', '2']) {
  describe(`readers of nutcracker's stats, --workers ${workers}`, () => {
    let redis: RealServer;
    let memcached: RealServer;
    let ringway: ChildRingway;
    let text: string;
    let json: Json;

    before(async () => {
      redis = await startRedis();
      memcached = await startMemcached();
      ringway = await startChild(
        [
          { name: 'alpha', servers: [`127.0.0.1:${redis.port}:1 s1`, '127.0.0.1:1:1 dead'] },
          { name: 'beta', redis: false, servers: [`127.0.0.1:${memcached.port}:1`] },
        ],
        { args: ['--workers', workers, '--http-addr', 'off'] },
      );
      const client = await RespClient.open(ringway.port);
      for (let i = 0; i < 40; i++) await client.command('GET', `key:${i}`);
      client.close();
      text = await readToEnd(ringway.statsPort, []);
      json = JSON.parse(text);
    });
    after(async () => {
      await ringway?.stop();
      await Promise.all([redis, memcached].map((server) => server?.stop()));
    });

    test('find nutcracker', () => {
      assert.equal(json['service'], 'nutcracker');
      for (const name of TOP_TEXTS) assert.equal(typeof json[name], 'string', name);
      for (const name of TOP_NUMBERS) assert.equal(typeof json[name], 'number', name);
    });
    test('find the fields of a pool in each object', () => byFixedFields(json));
    test('find no number that nutcracker has not', () => byEveryNumber(json));
    test('find the pools by what is left', () => byElimination(json, ['alpha', 'beta']));
    test('find whole numbers only', () => byWholeNumbers(json));
    test('add up what happened', () => {
      assert.ok(bySum(json, 'requests') > 0 && bySum(json, 'requests') <= 40);
      assert.equal(bySum(json, 'in_queue'), 0);
    });
    for (const [name, reader] of Object.entries(READERS)) {
      test(`${name} finds all pools and servers, and nothing that it does not know`, () => {
        reader(text, { alpha: ['s1', 'dead'], beta: [`127.0.0.1:${memcached.port}`] });
      });
    }
    test('a check for Nagios finds a server without a connection, and only that', async () => {
      const client = await RespClient.open(ringway.port);
      for (let i = 0; i < 40; i++) await client.command('GET', `key:${i}`);
      client.close();
      assert.deepEqual(
        problemsOf(text, await readToEnd(ringway.statsPort, [])).filter((name) => name !== 'dead'),
        [],
      );
    });
    test('who takes one packet for all of it has all of it', async () => {
      const chunks: Buffer[] = [];
      await new Promise((resolve, reject) => {
        const socket = connect(ringway.statsPort, '127.0.0.1');
        socket.on('data', (chunk) => void chunks.push(chunk));
        socket.on('error', reject);
        socket.on('end', resolve);
      });
      assert.equal(chunks.length, 1);
      assert.ok(Object.keys(JSON.parse(String(chunks[0]))).includes('beta'));
    });
  });
}

test('a pool without a server yet is a pool', async () => {
  const pool = { name: 'alpha', cluster: true, servers: ['127.0.0.1:1:1'] };
  const ringway = await startChild(pool, { args: ['--http-addr', 'off'] });
  const text = await readToEnd(ringway.statsPort, []);
  await ringway.stop();
  const json = JSON.parse(text);
  byFixedFields(json);
  byElimination(json, ['alpha']);
});

describe('--stats-own', () => {
  test("sends ringway's own figures as well, in an object that can be taken for a pool", async () => {
    const pool = { name: 'alpha', servers: ['127.0.0.1:1:1 dead'] };
    const ringway = await startChild(pool, { args: ['--stats-own', '--http-addr', 'off'] });
    const text = await readToEnd(ringway.statsPort, []);
    await ringway.stop();
    const json = JSON.parse(text);
    byElimination(json, ['alpha', 'ringway']);
    byFixedFields(json);
    byWholeNumbers(json);
    assert.equal(json.ringway.workers, 1);
    assert.ok(json.ringway.resident_bytes > 0);
  });

  test('leaves a pool alone that has the name', async () => {
    const pool = { name: 'ringway', servers: ['127.0.0.1:1:1 dead'] };
    const ringway = await startChild(pool, { args: ['--stats-own', '--http-addr', 'off'] });
    const text = await readToEnd(ringway.statsPort, []);
    await ringway.stop();
    assert.equal(text.split('"ringway"').length, 2);
    byEveryNumber(JSON.parse(text));
  });
});
