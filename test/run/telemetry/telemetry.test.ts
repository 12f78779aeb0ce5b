import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { freePort } from '../../support/free-port.ts';
import { type OtlpPoint, OtlpReceiver, type OtlpSpan, plain } from '../../support/otlp-receiver.ts';
import { type RealServer, startMemcached, startRedisSet } from '../../support/real-servers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { type ChildRingway, type PoolSpec, shards, startChild } from '../../support/ringway.ts';
import { waitFor } from '../../support/wait.ts';

const KIND_SERVER = 2;
const KIND_CLIENT = 3;
const CUMULATIVE = 2;
const ERROR = 2;
/** Enough to have some on each server. */
const KEYS = Array.from({ length: 20 }, (_, i) => `user:${i}:session`);

describe('telemetry', () => {
  let redis: RealServer[];
  let receiver: OtlpReceiver;
  let ringway: ChildRingway | null = null;

  before(async () => {
    redis = await startRedisSet(2);
  });
  after(() => Promise.all((redis ?? []).map((server) => server.stop())));
  beforeEach(async () => {
    receiver = await OtlpReceiver.start();
  });
  afterEach(async () => {
    await ringway?.stop();
    ringway = null;
    receiver.stop();
  });

  async function start(
    pool: Partial<PoolSpec> = {},
    args: readonly string[] = ['--otlp-endpoint', receiver.url, '--otlp-sample-rate=1'],
    env: NodeJS.ProcessEnv = {},
  ): Promise<RespClient> {
    const servers = shards(redis.map(({ port }) => port));
    const quick = { OTEL_BSP_SCHEDULE_DELAY: '20', OTEL_METRIC_EXPORT_INTERVAL: '100' };
    ringway = await startChild({ servers, ...pool }, { args, env: { ...quick, ...env } });
    return RespClient.open(ringway.port);
  }

  function traced(name: string, count = 1) {
    return waitFor(`${count} traces of ${name}`, () => {
      const found = receiver.traces(name);
      return found.length >= count && found.every(({ shares }) => shares.length > 0) ? found : null;
    });
  }

  function micros({ startTimeUnixNano, endTimeUnixNano }: OtlpSpan): number {
    return Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1000;
  }

  test('of a request is a span, and below it one with the share of its server', async () => {
    const client = await start();
    await client.command('CLIENT', 'SETNAME', 'tester');
    const began = Date.now();
    await client.command('SET', 'the-key', 'the-value');
    const [{ root, shares }] = await traced('SET');
    assert.equal(root.kind, KIND_SERVER);
    const { 'client.port': port, ...attributes } = plain(root.attributes);
    assert.ok(Number(port) > 0);
    assert.deepEqual(attributes, {
      'db.system.name': 'redis',
      'db.operation.name': 'SET',
      'ringway.pool': 'pool1',
      'client.address': '127.0.0.1',
      'ringway.client_name': 'tester',
      'ringway.key': 'the-key',
    });
    const [share, ...others] = shares;
    assert.equal(others.length, 0);
    assert.equal(share.kind, KIND_CLIENT);
    const at = plain(share.attributes);
    const server = redis.findIndex((each) => each.port === at['server.port']);
    assert.equal(at['ringway.server'], `shard${server + 1}`);
    assert.equal(share.name, `SET shard${server + 1}`);
    assert.equal(at['server.address'], '127.0.0.1');
    assert.ok(micros(share) > 0 && micros(share) <= micros(root), `${micros(share)}`);
    assert.equal(share.endTimeUnixNano, root.endTimeUnixNano);
    const ended = Number(BigInt(root.endTimeUnixNano) / 1_000_000n);
    assert.ok(ended >= began - 1 && ended <= Date.now() + 1, `${ended}`);
    assert.ok(!JSON.stringify(receiver.spans).includes('the-value'));
    assert.deepEqual(
      receiver.spans.filter(({ name }) => !/^(SET|HELLO)/.test(name)).map(({ name }) => name),
      [],
    );
    client.close();
  });

  test('of a request that several servers share is one trace', async () => {
    const client = await start();
    await client.command('MGET', ...KEYS);
    const [{ root, shares }] = await traced('MGET');
    assert.equal(plain(root.attributes)['ringway.key'], KEYS[0]);
    const servers = shares.map(({ attributes }) => plain(attributes)['ringway.server']);
    assert.deepEqual(servers.sort(), ['shard1', 'shard2']);
    assert.ok(shares.every((share) => micros(share) <= micros(root)));
    client.close();
  });

  test('says why a request got an error in place of its reply', async () => {
    const client = await start({ servers: ['127.0.0.1:1:1 nobody'] });
    assert.match(String(await client.command('GET', 'lost')), /refused/);
    const [{ root, shares }] = await traced('GET');
    assert.equal(root.status.code, ERROR);
    assert.match(root.status.message ?? '', /^ERR .*refused/i);
    assert.equal(shares[0].status.code, ERROR);
    assert.equal(micros(shares[0]), 0);
    client.close();
  });

  test('hides keys where the slow log does', async () => {
    const client = await start({ slowlog_redact: true });
    await client.command('GET', 'secret');
    const [{ root }] = await traced('GET');
    assert.equal(plain(root.attributes)['ringway.key'], '(redacted)');
    client.close();
  });

  test('traces as many as it is told to', async () => {
    const args = ['--otlp-endpoint', receiver.url, '--otlp-sample-rate=0.25'];
    const client = await start({}, args);
    const all = Array.from({ length: 2000 }, (_, i) => client.command('GET', `key:${i}`));
    await Promise.all(all);
    await client.command('SET', 'last', '1');
    await ringway?.stop();
    const count = receiver.traces('GET').length;
    // Six standard deviations around 500, and a little more: who comes together goes together.
    assert.ok(count > 300 && count < 720, String(count));
    client.close();
  });

  test('has the figures of /metrics, by their names', async () => {
    const http = await freePort();
    const args = ['--otlp-endpoint', receiver.url, '--http-addr', String(http)];
    const client = await start({}, args);
    for (const key of KEYS) await client.command('SET', key, 'x');
    const pointsOf = (name: string, kind: 'sum' | 'gauge' | 'histogram'): readonly OtlpPoint[] =>
      receiver.metrics.find((metric) => metric.name === name)?.[kind]?.dataPoints ?? [];
    const total = (points: readonly OtlpPoint[]): number =>
      points.reduce((sum, { asDouble, count }) => sum + Number(asDouble ?? count), 0);
    await waitFor('all requests', () => {
      return total(pointsOf('ringway_requests_total', 'sum')) === KEYS.length;
    });
    const text = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    const sent = receiver.metrics.map(({ name }) => name);
    const empty = names.filter((name) => !new RegExp(`^${name}(_count)?[ {]`, 'm').test(text));
    assert.deepEqual(
      sent,
      names.filter((name) => !empty.includes(name)),
    );
    const requests = receiver.metrics.find(({ name }) => name === 'ringway_requests_total');
    assert.equal(requests?.sum?.isMonotonic, true);
    assert.equal(requests?.sum?.aggregationTemporality, CUMULATIVE);
    assert.deepEqual(plain(requests?.sum?.dataPoints[0].attributes ?? []), {
      pool: 'pool1',
      server: 'shard1',
    });
    assert.equal(total(pointsOf('ringway_client_connections', 'gauge')), 1);
    const histograms = pointsOf('ringway_total_seconds', 'histogram');
    assert.equal(total(histograms), KEYS.length);
    for (const { count, bucketCounts = [], explicitBounds = [], sum = 0 } of histograms) {
      assert.equal(bucketCounts.length, explicitBounds.length + 1);
      assert.equal(
        bucketCounts.reduce<number>((all, each) => all + Number(each), 0),
        Number(count),
      );
      assert.ok(sum > 0 && explicitBounds[0] < 1e-4);
    }
    const unit = receiver.metrics.find(({ name }) => name === 'ringway_total_seconds')?.unit;
    assert.equal(unit, 's');
    client.close();
  });

  test('comes from all workers, and what is left comes when they end', async () => {
    const args = ['--otlp-endpoint', receiver.url, '--otlp-sample-rate=1', '--workers=2'];
    const first = await start({}, args, { OTEL_BSP_SCHEDULE_DELAY: '60000' });
    const second = await RespClient.open(ringway?.port ?? 0);
    await Promise.all([first, second].map((client) => client.command('GET', 'key')));
    first.close();
    second.close();
    await ringway?.stop();
    assert.equal(receiver.traces('GET').length, 2);
  });

  test('goes where the environment says, under the name that it gives', async () => {
    const client = await start({}, ['--otlp-endpoint=env'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue',
      OTEL_SERVICE_NAME: 'edge-cache',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
    });
    await client.command('GET', 'key');
    await traced('GET');
    assert.equal(receiver.resource['service.name'], 'edge-cache');
    assert.equal(receiver.resource['deployment.environment.name'], 'test');
    assert.match(String(receiver.resource['service.instance.id']), /^[0-9a-f-]{36}$/);
    assert.equal(receiver.headers[0]['x-tenant'], 'blue');
    client.close();
  });

  test('traces memcached by its own commands, gets that share a line each by itself', async () => {
    const memcached = await startMemcached();
    try {
      const servers = [`127.0.0.1:${memcached.port}:1 one`];
      const client = await start({ redis: false, servers });
      await client.send('set key 0 0 1\r\nx\r\nget key\r\nget key other\r\n');
      const gets = await traced('GET', 2);
      await traced('SET');
      assert.equal(plain(gets[0].root.attributes)['db.system.name'], 'memcached');
      assert.equal(plain(gets[0].root.attributes)['ringway.key'], 'key');
      client.close();
    } finally {
      await ringway?.stop();
      await memcached.stop();
    }
  });

  test('that nobody takes is told, and nothing else suffers', async () => {
    const port = await freePort();
    const args = ['--otlp-endpoint', `http://127.0.0.1:${port}`, '--otlp-sample-rate=1'];
    const client = await start({}, args, { OTEL_EXPORTER_OTLP_TIMEOUT: '200' });
    await client.command('SET', 'key', 'x');
    await waitFor('a line of the log', () => {
      return ringway?.log.some((line) => /telemetry: .*(ECONNREFUSED|timed? ?out)/i.test(line));
    });
    assert.ok(!ringway?.log.some((line) => line.includes('"stack"')));
    assert.equal(await client.command('GET', 'key').then(String), 'x');
    client.close();
  });
});
