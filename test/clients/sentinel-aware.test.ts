import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import Valkey from 'iovalkey';
import { createSentinel } from 'redis';
import { type RealServer, startRedis, startRedisSet } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { shards, startInProcess, type TestRingway } from '../support/ringway.ts';
import { ensureWorks, runClient } from './topology.ts';

const PYTHON = ['/usr/bin/python3'];

const KEYS = Array.from({ length: 100 }, (_, i) => `key:${i}`);

describe('clients that look for their master by sentinels', () => {
  let servers: RealServer[];
  let ringway: TestRingway;
  before(async () => {
    ensureWorks([...PYTHON, '-c', 'import redis'], ['python3-redis']);
    servers = await startRedisSet(2);
    ringway = await startInProcess({
      servers: shards(servers.map(({ port }) => port)),
      sentinel_view: true,
    });
  });
  after(async () => {
    await ringway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const libraries = [
    ['ioredis', Redis],
    ['iovalkey', Valkey.default as unknown as typeof Redis],
  ] as const;
  for (const [name, Library] of libraries) {
    test(`${name} finds ringway`, async () => {
      const sentinels = [{ host: '127.0.0.1', port: ringway.port }];
      const client = new Library({ sentinels, name: 'any', sentinelRetryStrategy: () => null });
      try {
        for (const key of KEYS) assert.equal(await client.set(key, key), 'OK');
        assert.deepEqual(await client.mget(KEYS), KEYS);
      } finally {
        assert.equal(await client.quit(), 'OK');
      }
    });
  }

  test('node-redis finds ringway', async () => {
    const client = await createSentinel({
      name: 'any',
      sentinelRootNodes: [{ host: '127.0.0.1', port: ringway.port }],
    }).connect();
    try {
      for (const key of KEYS) assert.equal(await client.set(key, key), 'OK');
      assert.equal(await client.get(KEYS[7]), KEYS[7]);
    } finally {
      await client.close();
    }
  });

  test('redis-py finds ringway', async () => {
    assert.equal(await runClient(PYTHON, 'sentinel_py.py', ringway.port), 'done');
  });

  test('each subcommand answers as a sentinel does', async () => {
    const client = await RespClient.open(ringway.port);
    const id = createHash('sha1').update(`127.0.0.1:${ringway.port}`).digest('hex');
    const place = ['127.0.0.1', `${ringway.port}`];
    assert.deepEqual(await client.text('SENTINEL', 'get-master-addr-by-name', 'x'), place);
    assert.deepEqual(await client.text('SENTINEL', 'REPLICAS', 'x'), []);
    assert.deepEqual(await client.text('SENTINEL', 'SLAVES', 'x'), []);
    assert.deepEqual(await client.text('SENTINEL', 'SENTINELS', 'x'), []);
    assert.equal(await client.text('SENTINEL', 'MYID'), id);
    assert.match(String(await client.text('SENTINEL', 'CKQUORUM', 'x')), /^OK 1 usable/);
    const master = (await client.text('SENTINEL', 'MASTER', 'x')) as string[];
    assert.deepEqual(master.slice(0, 8), [
      'name',
      'x',
      'ip',
      place[0],
      'port',
      place[1],
      'runid',
      id,
    ]);
    const masters = (await client.text('SENTINEL', 'MASTERS')) as string[][];
    assert.deepEqual(
      masters.map(([, name]) => name),
      ['mymaster', 'pool1', 'shard1', 'shard2'],
    );
    const said = (...words: string[]): Promise<string> =>
      client.text(...words).then(String, (error: Error) => error.message);
    assert.match(await said('SENTINEL'), /wrong number of arguments/);
    assert.match(await said('SENTINEL', 'MASTER'), /wrong number of arguments/);
    assert.match(await said('SENTINEL', 'MYID', 'x'), /wrong number of arguments/);
    assert.match(await said('SENTINEL', 'FAILOVER', 'x'), /unknown subcommand 'FAILOVER'/);
    client.close();
  });
});

describe('sentinels that ringway tells of', () => {
  test('are the others that `announce` names, and its first is the master', async () => {
    const redis = await startRedis();
    const ringway = await startInProcess({
      servers: shards([redis.port]),
      sentinel_view: true,
      announce: 'proxy-1.example:22121, proxy-2.example:22122',
    });
    const client = await RespClient.open(ringway.port);
    try {
      const place = await client.text('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'x');
      assert.deepEqual(place, ['proxy-1.example', '22121']);
      const [peer] = (await client.text('SENTINEL', 'SENTINELS', 'x')) as string[][];
      assert.deepEqual(peer.slice(2, 6), ['ip', 'proxy-2.example', 'port', '22122']);
    } finally {
      client.close();
      await ringway.stop();
      await redis.stop();
    }
  });

  test('are none without the key: the command is unknown, as ever', async () => {
    const redis = await startRedis();
    const ringway = await startInProcess({ servers: shards([redis.port]) });
    const client = await RespClient.open(ringway.port);
    await assert.rejects(client.text('SENTINEL', 'MASTERS'), /unknown command/);
    client.close();
    await ringway.stop();
    await redis.stop();
  });
});
