import { spawn } from 'node:child_process';
import type { Door } from './configurations.ts';
import type { Workload } from './workloads.ts';

/** What redis-benchmark says about one run. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const TIME_LIMIT_MS = 120_000;

/** The arguments for one run, the same for everything that is measured but the port. */
export function benchmarkArguments(workload: Workload, door: Door, requests: number): string[] {
  const { port, path } = door;
  return [
    ...(path === undefined ? ['-h', '127.0.0.1', '-p', String(port)] : ['-s', path]),
    '--csv',
    ...['-c', String(workload.connections), '-n', String(requests)],
    ...['-P', String(workload.depth), '-r', String(workload.keySpace)],
    ...workload.command,
  ];
}

/** Runs redis-benchmark to its end. */
export function runBenchmark(program: string, args: readonly string[]): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT_MS,
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      try {
        if (code !== 0) throw new Error(`exit code ${code ?? signal}`);
        resolve(parseBenchmarkCsv(output));
      } catch (error) {
        const said = `${output}\n${errors}`.trim().slice(-400);
        reject(new Error(`redis-benchmark failed: ${(error as Error).message}\n${said}`));
      }
    });
  });
}

/**
 * Reads the output of `redis-benchmark --csv`, whose first field, the command, may hold anything.
 * @throws Error when it is not such output
 */
export function parseBenchmarkCsv(text: string): LoadResult {
  const lines = text.split('\n').map((line) => line.trim());
  const headAt = lines.findIndex((line) => line.startsWith('"test","rps"'));
  if (headAt < 0) throw new Error('no csv header');
  const names = fields(lines[headAt]);
  const values = fields(lines[headAt + 1] ?? '').slice(-(names.length - 1));
  const field = (name: string): number => {
    const text = values[names.indexOf(name) - 1];
    const value = Number(text);
    if (text === undefined || Number.isNaN(value)) throw new Error(`no ${name} in the csv`);
    return value;
  };
  return {
    requestsPerSecond: field('rps'),
    p50Ms: field('p50_latency_ms'),
    p99Ms: field('p99_latency_ms'),
  };
}

function fields(line: string): string[] {
  return line.replace(/^"|"$/g, '').split('","');
}
