import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { problemsOfMetrics } from '../support/metric-rules.ts';
import { checkPrometheus } from '../support/prometheus-text.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ChildRingway, shards, startChild } from '../support/ringway.ts';
import { toolFor } from '../support/tools.ts';

// By our own reading of the rules, and by Prometheus's linter where it is on the PATH.

const PROMTOOL = toolFor('promtool', 'prometheus');

/** Each breaks one rule. */
const WRONG = [
  '# TYPE ringway_clients gauge\nringway_clients 1',
  '# HELP ringway_requests Requests\n# TYPE ringway_requests counter\nringway_requests 1',
  '# HELP ringway_clients_total Clients\n# TYPE ringway_clients_total gauge\nringway_clients_total 1',
  '# HELP ringway_client_count Clients\n# TYPE ringway_client_count gauge\nringway_client_count 1',
  '# HELP ringway_clients Clients\n# TYPE ringway_clients gauge\nringway_clients{le="1"} 1',
  '# HELP ringway_clients Clients\n# TYPE ringway_clients gauge\nringway_clients{quantile="1"} 1',
  '# HELP ringway_clients_gauge C\n# TYPE ringway_clients_gauge gauge\nringway_clients_gauge 1',
  '# HELP ringway_age_milliseconds A\n# TYPE ringway_age_milliseconds gauge\nringway_age_milliseconds 1',
  '# HELP ringway_age_ms Age\n# TYPE ringway_age_ms gauge\nringway_age_ms 1',
  '# HELP ringway:clients Clients\n# TYPE ringway:clients gauge\nringway:clients 1',
  '# HELP ringway_openClients Clients\n# TYPE ringway_openClients gauge\nringway_openClients 1',
  '# HELP ringway_clients Clients\n# TYPE ringway_clients gauge\nringway_clients{poolName="a"} 1',
];
/** Prometheus takes this, for a metric of a kind that it does not know. */
const NO_KIND = '# HELP ringway_clients Clients\nringway_clients 1';

/** @returns what Prometheus's linter says, an empty text when that is nothing */
function linted(text: string): string {
  const { status, stdout, stderr } = spawnSync(PROMTOOL as string, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return status === 0 ? stdout + stderr : stdout + stderr || `status ${status}`;
}

describe('the rules for metrics', () => {
  let redis: RealServer;
  let ringway: ChildRingway;
  let text = '';

  before(async () => {
    redis = await startRedis();
    const http = await freePort();
    ringway = await startChild(
      [
        { name: 'größe', servers: shards([redis.port]) },
        { name: 'idle', servers: ['127.0.0.1:1:1 dead'] },
      ],
      { args: ['--workers', '2', '--http-addr', `${http}`] },
    );
    const client = await RespClient.open(ringway.port);
    await client.command('SET', 'key', 'value');
    await client.command('MGET', 'key', 'other');
    client.close();
    text = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
  });
  after(async () => {
    await ringway?.stop();
    await redis?.stop();
  });

  test('are kept by all of ours', () => {
    assert.ok(checkPrometheus(text).names.has('ringway_total_seconds_bucket'));
    assert.deepEqual(problemsOfMetrics(text), []);
    if (PROMTOOL !== undefined) assert.equal(linted(text), '');
  });

  test('are broken by what breaks them', () => {
    assert.equal(problemsOfMetrics(`${NO_KIND}\n`).length, 1);
    for (const wrong of WRONG) {
      assert.equal(problemsOfMetrics(`${wrong}\n`).length, 1, wrong);
      if (PROMTOOL !== undefined) assert.notEqual(linted(`${wrong}\n`), '', wrong);
    }
  });
});
