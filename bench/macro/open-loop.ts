import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the probe is told. */
export interface ProbeOrder {
  readonly port: number;
  readonly connections: number;
  readonly command: readonly string[];
  readonly keySpace: number;
  /** So many requests are due at once, on one connection. */
  readonly depth: number;
  readonly reply: { readonly start: string; readonly bytes: number };
  readonly requestsPerSecond: number;
  /** Load before anything is recorded. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** The same seed gives every target the same requests at the same times. */
  readonly seed: number;
}

/**
 * What it saw. Times count from when a request was due; null: too few requests to tell, or some
 * that were not answered.
 */
export interface ProbeResult {
  readonly requests: number;
  /** Not answered three seconds after the last was due: the target does not keep up. */
  readonly unanswered: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number;
  /** How long after its time a request was sent: the probe's own part in the figures above. */
  readonly lateP50Ms: number | null;
  readonly lateP99Ms: number | null;
  readonly lateP999Ms: number | null;
}

const PROGRAM = fileURLToPath(new URL('./open-loop-probe.js', import.meta.url));
/**
 * Each turn of the probe's loop leaves a little garbage. Collected in the small young generation that V8
 * begins with, it would stop the probe for a millisecond fifty times a second, and be seen as p99.
 */
const HEAP = ['--min-semi-space-size=256', '--max-semi-space-size=256'];
/** Beyond the time that the load itself takes. */
const SPARE_MS = 30_000;

/** Runs the probe as a process of its own, so that nothing else is on its event loop. */
export function runProbe(order: ProbeOrder): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...HEAP, PROGRAM], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: (order.warmupSeconds + order.seconds) * 1000 + SPARE_MS,
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output) as ProbeResult);
      else reject(new Error(`the probe failed (${code ?? signal}): ${errors.trim().slice(-400)}`));
    });
    child.stdin.end(JSON.stringify(order));
  });
}
