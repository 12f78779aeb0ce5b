import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { diag } from '@opentelemetry/api';
import { inFrontOf, type Ringway, start, type TelemetryOptions } from '../../src/index.ts';
import { Telemetry } from '../../src/run/telemetry/telemetry.ts';
import { freePort } from '../support/free-port.ts';
import { OtlpReceiver, plain } from '../support/otlp-receiver.ts';
import { type RealServer, startRedis } from '../support/real-servers.ts';
import { RespClient } from '../support/resp-client.ts';
import { waitFor } from '../support/wait.ts';

describe('telemetry of an embedded proxy', () => {
  let redis: RealServer;
  let receiver: OtlpReceiver;
  const lines: string[] = [];
  const log = { level: 5, write: (_level: number, line: string) => void lines.push(line) };

  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());
  beforeEach(async () => {
    lines.length = 0;
    receiver = await OtlpReceiver.start();
  });
  afterEach(() => receiver.stop());

  /** Sets one key through a proxy that is stopped then, so that all it has is sent. */
  async function oneRequest(telemetry?: TelemetryOptions): Promise<void> {
    const options = telemetry === undefined ? { log } : { log, telemetry };
    const ringway: Ringway = await inFrontOf([`127.0.0.1:${redis.port}`], {}, options);
    const client = await RespClient.open(ringway.port);
    assert.equal(await client.text('SET', 'the-key', 'x'), 'OK');
    client.close();
    await ringway.stop();
  }

  test('is sent where the option says, under its name', async () => {
    await oneRequest({ endpoint: receiver.url, serviceName: 'shop', sampleRate: 1 });
    const [{ root, shares }] = receiver.traces('SET');
    assert.equal(plain(root.attributes)['ringway.key'], 'the-key');
    assert.equal(shares.length, 1);
    assert.equal(receiver.resource['service.name'], 'shop');
    const names = receiver.metrics.map(({ name }) => name);
    assert.ok(names.includes('ringway_requests_total'), names.join());
    assert.ok(lines.includes(`telemetry: metrics, traces of 1 to ${receiver.url}`));
  });

  test('is not sent unless asked for', async () => {
    await oneRequest();
    assert.deepEqual([receiver.spans, receiver.metrics], [[], []]);
    assert.doesNotMatch(lines.join('\n'), /telemetry/);
  });

  test('leaves the logger of the program to it, and tells its own what cannot be sent', async () => {
    const told: string[] = [];
    const tell = (text: string): void => void told.push(text);
    diag.setLogger({ error: tell, warn: tell, info: tell, debug: tell, verbose: tell });
    try {
      const endpoint = `http://127.0.0.1:${await freePort()}`;
      process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '200';
      await oneRequest({ endpoint, sampleRate: 1 });
      diag.warn('still mine');
      assert.ok(told.includes('still mine'));
      assert.match(lines.join('\n'), /^telemetry: .*(ECONNREFUSED|timed? ?out)/im);
    } finally {
      delete process.env['OTEL_EXPORTER_OTLP_TIMEOUT'];
      diag.disable();
    }
  });

  test('tells its own log of figures that cannot be had', async () => {
    const settings = {
      ...{ endpoint: receiver.url, serviceName: 'shop', traceRate: 0, metrics: true, batch: {} },
      metricsEveryMs: 20,
    };
    const telemetry = await Telemetry.load(settings, log, 'guest');
    telemetry.start({
      snapshot: () => Promise.reject(new Error('no worker serves at the moment')),
      takeTraces: () => ({ traces: [], lost: 0 }),
    });
    await waitFor('the log', () =>
      lines.includes('telemetry: figures are lost: no worker serves at the moment'),
    );
    await telemetry.end();
  });

  test('in another form is a mistake that says what is expected', async () => {
    const pools = { cache: { listen: '127.0.0.1:0', servers: ['127.0.0.1:1:1'] } };
    for (const telemetry of [
      true,
      null,
      { endpoint: '127.0.0.1:4318' },
      { endpoint: receiver.url, samplingRate: 1 },
      { sampleRate: 2 },
      { sampleRate: Number.NaN },
      { serviceName: '' },
    ]) {
      await assert.rejects(start({ pools, log, telemetry: telemetry as TelemetryOptions }), {
        code: 'RINGWAY_USAGE',
        message: /^telemetry: expected \{ endpoint: 'http:/,
      });
    }
  });
});
