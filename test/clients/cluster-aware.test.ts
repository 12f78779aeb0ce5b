import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { startCluster, type TestCluster } from '../support/clusters.ts';
import { freePort } from '../support/free-port.ts';
import { startInProcess, type TestRingway } from '../support/ringway.ts';
import { ensureWorks, runClient } from './topology.ts';

const PYTHON = ['/usr/bin/python3'];
const KEYS = Array.from({ length: 100 }, (_, i) => `key:${i}`);

const run = promisify(execFile);

describe('clients that know clusters, before a real one', () => {
  let cluster: TestCluster;
  let ringway: TestRingway;
  before(async () => {
    ensureWorks([...PYTHON, '-c', 'import redis.cluster'], ['python3-redis']);
    ensureWorks(['redis-benchmark', '--version'], ['redis-tools']);
    cluster = await startCluster({ masters: 3, replicas: 0 });
    ringway = await startInProcess({ servers: cluster.lines.slice(0, 1), cluster: true });
  });
  after(async () => {
    await ringway?.stop();
    await cluster?.stop();
  });

  test('redis-py: RedisCluster', async () => {
    assert.equal(await runClient(PYTHON, 'cluster_py.py', ringway.port), 'done');
  });

  test('ioredis: Cluster', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: ringway.port }]);
    try {
      for (const key of KEYS) assert.equal(await client.set(key, key), 'OK');
      assert.equal(await client.get(KEYS[7]), KEYS[7]);
      assert.deepEqual(
        client.nodes().map(({ options }) => options.port),
        [ringway.port],
      );
    } finally {
      await client.quit();
    }
  });

  test('node-redis: createCluster', async () => {
    const rootNodes = [{ url: `redis://127.0.0.1:${ringway.port}` }];
    const client = await createCluster({ rootNodes }).connect();
    try {
      for (const key of KEYS) assert.equal(await client.set(key, key), 'OK');
      assert.equal(await client.get(KEYS[9]), KEYS[9]);
      assert.equal(client.masters.length, 1);
    } finally {
      await client.close();
    }
  });

  test('redis-benchmark --cluster, which wants two nodes at least: two proxies', async () => {
    const ports = [await freePort(), await freePort()];
    const doors = ports.map((port) => `127.0.0.1:${port}`);
    const proxies = await Promise.all(
      [doors, doors.toReversed()].map((announce) => {
        const spec = { listen: announce[0], announce: announce.join(', '), cluster: true };
        return startInProcess({ ...spec, servers: cluster.lines.slice(0, 1) });
      }),
    );
    try {
      const about = ['-p', String(ports[0]), '--cluster', '-n', '2000', '-c', '4', '-P', '16'];
      const { stdout } = await run('redis-benchmark', [...about, '-q', '-t', 'set,get,incr,lpush']);
      assert.match(stdout, /Cluster has 2 master nodes/);
      assert.doesNotMatch(stdout, /error|MOVED/i);
      for (const name of ['SET', 'GET', 'INCR', 'LPUSH']) {
        assert.match(stdout, new RegExp(`${name}: [\\d.]+ requests per second`));
      }
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    }
  });
});
