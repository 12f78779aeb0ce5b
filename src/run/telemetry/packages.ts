import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RingwayError } from '../../errors.ts';

/** What of OpenTelemetry is used, and which versions of it were tested. */
const PACKAGES = [
  '@opentelemetry/api@1.9',
  '@opentelemetry/resources@2.12',
  '@opentelemetry/sdk-metrics@2.12',
  '@opentelemetry/sdk-trace@2.12',
  '@opentelemetry/exporter-metrics-otlp-http@0.223',
  '@opentelemetry/exporter-trace-otlp-http@0.223',
];

/**
 * How they are installed where ringway will find them.
 * @param file one of ringway's own
 */
export function installCommand(file: string): string {
  const at = file.lastIndexOf(`${sep}node_modules${sep}`);
  // npm gives every folder into which it installs a package.json, and the global one none.
  const isGlobal = at >= 0 && !existsSync(join(file.slice(0, at), 'package.json'));
  return `npm install ${isGlobal ? '--global ' : ''}${PACKAGES.join(' ')}`;
}

/** The packages, each as a whole. */
export interface Packages {
  readonly api: typeof import('@opentelemetry/api');
  readonly resources: typeof import('@opentelemetry/resources');
  readonly metrics: typeof import('@opentelemetry/sdk-metrics');
  readonly traces: typeof import('@opentelemetry/sdk-trace');
  readonly metricExporter: typeof import('@opentelemetry/exporter-metrics-otlp-http');
  readonly traceExporter: typeof import('@opentelemetry/exporter-trace-otlp-http');
}

/**
 * Loads the packages that are not installed with ringway.
 * @param what needs them @throws RingwayError without them
 */
export async function loadPackages(what: string): Promise<Packages> {
  try {
    const [api, resources, metrics, traces, metricExporter, traceExporter] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
    return { api, resources, metrics, traces, metricExporter, traceExporter };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const [reason] = (error as Error).message.split('\n');
    throw new RingwayError(
      'RINGWAY_STARTUP',
      `${what} needs OpenTelemetry's packages, which are installed beside ringway:\n` +
        `${installCommand(fileURLToPath(import.meta.url))}\n${reason}`,
      { cause: error },
    );
  }
}
