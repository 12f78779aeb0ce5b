import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { telemetrySettings } from '../../../src/run/telemetry/settings.ts';

const NOTHING = { otlpEndpoint: null, otlpServiceName: null, otlpSampleRate: null };
const ASKED = { ...NOTHING, otlpEndpoint: 'http://collector:4318' };

describe('what is exported', () => {
  test('is nothing unless the command line asks for it, whatever the environment says', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SERVICE_NAME: 'x' };
    assert.equal(telemetrySettings(NOTHING, env), null);
    assert.equal(telemetrySettings(ASKED, { OTEL_SDK_DISABLED: 'true' }), null);
    const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
    assert.equal(telemetrySettings(ASKED, none), null);
  });

  test('is both, a thousandth of the requests, by default', () => {
    assert.deepEqual(telemetrySettings(ASKED, {}), {
      endpoint: 'http://collector:4318',
      serviceName: 'ringway',
      traceRate: 0.001,
      metrics: true,
      metricsEveryMs: 60_000,
      batch: {},
    });
  });

  test('follows the variables of the SDK where the command line says nothing', () => {
    const settings = telemetrySettings(
      { ...NOTHING, otlpEndpoint: 'env' },
      {
        OTEL_SERVICE_NAME: 'edge',
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.2',
        OTEL_METRIC_EXPORT_INTERVAL: '5000',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_BSP_MAX_QUEUE_SIZE: '4096',
        OTEL_BSP_SCHEDULE_DELAY: 'soon',
      },
    );
    assert.deepEqual(settings, {
      endpoint: null,
      serviceName: null,
      traceRate: 0.2,
      metrics: false,
      metricsEveryMs: 5000,
      batch: { maxQueueSize: 4096 },
    });
  });

  test('takes the samplers of the SDK by their names, and the command line before them', () => {
    const rateOf = (OTEL_TRACES_SAMPLER: string, arg?: string, own: number | null = null) => {
      const env = { OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: arg };
      return telemetrySettings({ ...ASKED, otlpSampleRate: own }, env)?.traceRate;
    };
    assert.equal(rateOf('always_on'), 1);
    assert.equal(rateOf('parentbased_always_off'), 0);
    assert.equal(rateOf('traceidratio'), 1);
    assert.equal(rateOf('traceidratio', '7'), 1);
    assert.equal(rateOf('jaeger_remote'), 0.001);
    assert.equal(rateOf('always_on', undefined, 0.5), 0.5);
    assert.equal(rateOf('always_on', undefined, 0), 0);
  });
});
