import { Counter, Gauge, type Registry } from 'prom-client';

export type Labels = Record<string, string>;
export type Metric = Counter<string> | Gauge<string>;
export type MetricKind = 'counter' | 'gauge';

/** A metric without values, which belongs to the registry. */
export function metricOf(
  registry: Registry,
  spec: { readonly name: string; readonly help: string; readonly kind: MetricKind },
  labelNames: string[],
): Metric {
  const options = { name: spec.name, help: spec.help, labelNames, registers: [registry] };
  return spec.kind === 'counter' ? new Counter(options) : new Gauge(options);
}

/** Sets a sample of a metric that had none with these labels. */
export function add(metric: Metric, labels: Labels, value: number): void {
  metric.inc(labels, value);
}
