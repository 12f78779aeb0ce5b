import type { HrTime } from '@opentelemetry/api';
import type { DataPoint, Histogram, MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { MetricFamily, MetricSample } from '../../stats/http/prometheus.ts';
import { metricFamilies } from '../../stats/http/prometheus.ts';
import type { Snapshot } from '../../stats/snapshot.ts';
import type { Packages } from './packages.ts';
import { hrTime } from './spans.ts';

const SUFFIX = /_(bucket|sum|count)$/;

/** Hands the figures of /metrics to the SDK, by the same names, each time that it exports. */
export function metricProducer(
  packages: Packages,
  version: string,
  snapshot: () => Promise<Snapshot>,
): MetricProducer {
  return {
    collect: async () => {
      const now = await snapshot();
      const families = await metricFamilies(now);
      const span = { startTime: hrTime(now.startedAt * 1000), endTime: hrTime(now.now * 1000) };
      const metrics = families.flatMap((family) => {
        return family.values.length === 0 ? [] : [metricData(packages, family, span)];
      });
      const resource = packages.resources.emptyResource();
      const scopeMetrics = [{ scope: { name: 'ringway', version }, metrics }];
      return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
    },
  };
}

interface TimeSpan {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

function metricData(
  { api, metrics }: Packages,
  { name, help, type, values }: MetricFamily,
  span: TimeSpan,
): MetricData {
  const { AggregationTemporality, DataPointType } = metrics;
  const unit = /_(seconds|bytes)(_total)?$/.exec(name)?.[1] ?? '';
  const descriptor = {
    name,
    description: help,
    unit: { seconds: 's', bytes: 'By' }[unit] ?? '',
    valueType: api.ValueType.DOUBLE,
  };
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  if (type === 'histogram') {
    const dataPointType = DataPointType.HISTOGRAM;
    const dataPoints = histograms(values, span);
    return { descriptor, aggregationTemporality, dataPointType, dataPoints };
  }
  const dataPoints = values.map(({ labels, value }): DataPoint<number> => {
    return { ...span, attributes: labels, value };
  });
  if (type === 'gauge') {
    const dataPointType = DataPointType.GAUGE;
    return { descriptor, aggregationTemporality, dataPointType, dataPoints };
  }
  const dataPointType = DataPointType.SUM;
  return { descriptor, aggregationTemporality, dataPointType, dataPoints, isMonotonic: true };
}

/** Samples `_bucket`, which count all below a bound, `_sum` and `_count`, in this order. */
function histograms(samples: readonly MetricSample[], span: TimeSpan): DataPoint<Histogram>[] {
  const points: DataPoint<Histogram>[] = [];
  let boundaries: number[] = [];
  let counts: number[] = [];
  let below = 0;
  let sum = 0;
  for (const { metricName = '', labels, value } of samples) {
    const part = SUFFIX.exec(metricName)?.[1];
    if (part === 'bucket') {
      const bound = Number(labels['le']);
      if (Number.isFinite(bound)) boundaries.push(bound);
      counts.push(value - below);
      below = value;
    } else if (part === 'sum') sum = value;
    else {
      const histogram = { buckets: { boundaries, counts }, sum, count: value };
      points.push({ ...span, attributes: labels, value: histogram });
      boundaries = [];
      counts = [];
      below = 0;
    }
  }
  return points;
}
