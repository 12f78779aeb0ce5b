import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { CodecChoice } from '../../src/command-line.ts';
import { parseConfig } from '../../src/config/index.ts';
import { type Ringway, start } from '../../src/index.ts';
import type { ReaderKind } from '../../src/net/reader.ts';
import { endOf } from './ending.ts';
import { freePort } from './free-port.ts';
import { ROOT } from './source-tree.ts';
import { waitFor } from './wait.ts';

// Starts a ringway for a test, in this process or as one of its own.

/** One way to run ringway; a suite runs once in each that it is given. */
export interface Variant {
  readonly label: string;
  readonly codec: CodecChoice;
  readonly reader: ReaderKind;
}

export const VARIANTS: readonly Variant[] = [
  { label: 'js', codec: 'js', reader: 'onread' },
  { label: 'wasm-scalar', codec: 'wasm-scalar', reader: 'onread' },
  { label: 'wasm', codec: 'wasm', reader: 'onread' },
  { label: 'wasm, reader data', codec: 'wasm', reader: 'data' },
];

/** The variant of suites whose subject is neither codec nor reader. */
export const USUAL: Variant = VARIANTS[2];

/** A pool of a configuration file; `listen` is a free port unless given. */
export interface PoolSpec {
  readonly name?: string;
  readonly listen?: string;
  /** `host:port`, `/path`, or a line with weight and name. */
  readonly servers: readonly string[];
  readonly [key: string]: unknown;
}

export interface PoolFile {
  readonly text: string;
  /** Per pool; 0 for one that listens on a unix socket. */
  readonly ports: readonly number[];
}

/** `host:port` lines of servers, named shard1, shard2, ... as golden cases name them. */
export function shards(ports: readonly number[]): string[] {
  return ports.map((port, i) => `127.0.0.1:${port}:1 shard${i + 1}`);
}

/** The text of a configuration file. */
export async function poolFile(pools: readonly PoolSpec[]): Promise<PoolFile> {
  const ports: number[] = [];
  const blocks: string[] = [];
  for (const [i, pool] of pools.entries()) {
    const port = pool.listen === undefined ? await freePort() : 0;
    ports.push(port);
    const { name = `pool${i + 1}`, listen = `127.0.0.1:${port}`, servers, ...rest } = pool;
    const lines = [`${name}:`, `  listen: ${listen}`];
    for (const [key, value] of Object.entries({ redis: true, ...rest })) {
      if (Array.isArray(value)) {
        lines.push(`  ${key}:`, ...value.map((item) => `    - ${item}`));
        continue;
      }
      lines.push(`  ${key}: ${typeof value === 'string' ? JSON.stringify(value) : value}`);
    }
    lines.push('  servers:', ...servers.map((server) => `    - ${withWeight(server)}`));
    blocks.push(lines.join('\n'));
  }
  return { text: `${blocks.join('\n')}\n`, ports };
}

function withWeight(server: string): string {
  const tail = server.slice(server.lastIndexOf(':') + 1);
  if (server.includes(' ')) return server;
  return server.startsWith('/') || /:\d+:\d+$/.test(server) || tail === '' ? server : `${server}:1`;
}

export interface TestRingway {
  /** Of the first pool. */
  readonly port: number;
  readonly ports: readonly number[];
  /** Log lines, levels up to 11 in this process, up to 6 in one of its own. */
  readonly log: readonly string[];
  readonly pid: number;
  stop(): Promise<void>;
}

/** Runs ringway in this process. */
export async function startInProcess(
  pools: PoolSpec | readonly PoolSpec[],
  variant: Variant = USUAL,
): Promise<TestRingway & { readonly ringway: Ringway }> {
  const file = await poolFile(Array.isArray(pools) ? pools : [pools as PoolSpec]);
  const lines: string[] = [];
  const ringway = await start({
    config: parseConfig(Buffer.from(file.text), 'test.yml'),
    codec: variant.codec,
    reader: variant.reader,
    log: { level: 11, write: (_level, line) => void lines.push(line) },
  });
  const stop = (): Promise<void> => {
    left.delete(stop);
    return ringway.stop(200);
  };
  left.add(stop);
  return {
    ringway,
    port: file.ports[0],
    ports: file.ports,
    log: lines,
    pid: process.pid,
    stop,
  };
}

export interface ChildOptions {
  readonly variant?: Variant;
  /** Further arguments of the command line. */
  readonly args?: readonly string[];
  /** A shell line before the command, such as a ulimit. */
  readonly before?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The program; that of the project without it. */
  readonly cli?: string;
}

export interface ChildRingway extends TestRingway {
  readonly child: ChildProcess;
  readonly file: string;
  readonly statsPort: number;
  /** Peak resident memory so far, in bytes. */
  peakMemory(): number;
  kill(signal: NodeJS.Signals): void;
  /** Waits until the process is gone, see `endOf`. */
  gone(): Promise<number | null>;
}

/** What stops those that run, in this process or as one of their own. */
const left: Set<() => Promise<unknown>> = new Set();

// A test that fails before it stops them must not keep its file from ending. The hooks of the file
// itself come first.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  setImmediate(() => after(() => Promise.all([...left].map((stop) => stop()))));
}

const CLI = join(ROOT, 'build/cli/ringway.js');
const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts the command line on the text of a configuration file; it may end at once. */
export async function spawnRingway(
  file: PoolFile,
  options: ChildOptions = {},
): Promise<ChildRingway> {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-test-'));
  const path = join(folder, 'ringway.yml');
  writeFileSync(path, file.text);
  const statsPort = await freePort();
  const { variant = USUAL, cli = CLI } = options;
  const args = [cli, '-c', path, '-v', '6', '-s', String(statsPort), '-a', '127.0.0.1'];
  args.push(...(options.args ?? []));
  const env = { ...process.env, RINGWAY_READER: variant.reader, ...options.env };
  if (!args.includes('--codec')) args.push('--codec', variant.codec);
  const child =
    options.before === undefined
      ? spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn('bash', ['-c', `${options.before}; exec "$@"`, 'bash', process.execPath, ...args], {
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
  running.add(child);
  const log: string[] = [];
  let rest = '';
  const collect = (chunk: Buffer): void => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    log.push(...lines);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.once('close', () => {
    running.delete(child);
    left.delete(end);
    rmSync(folder, { recursive: true, force: true });
  });
  const gone = endOf(child);
  const end = (): Promise<unknown> => {
    child.kill('SIGKILL');
    return gone();
  };
  left.add(end);
  return {
    child,
    file: path,
    statsPort,
    port: file.ports[0],
    ports: file.ports,
    log,
    pid: child.pid as number,
    gone,
    peakMemory: () => peakMemory(child.pid as number),
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      child.kill('SIGTERM');
      await gone();
    },
  };
}

/** Runs ringway as a process of its own and waits until it is ready. */
export async function startChild(
  pools: PoolSpec | readonly PoolSpec[],
  options: ChildOptions = {},
): Promise<ChildRingway> {
  const file = await poolFile(Array.isArray(pools) ? pools : [pools as PoolSpec]);
  const ringway = await spawnRingway(file, options);
  const ready = (): boolean => ringway.log.some((line) => line.includes('] ready: '));
  const { child } = ringway;
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await waitFor('it', () => hasEnded() || ready(), 60_000).catch(() => null);
  if (ready()) return ringway;
  // With all that it has said.
  ringway.kill('SIGKILL');
  await ringway.gone();
  throw new Error(`ringway did not start:\n${ringway.log.join('\n')}`);
}

function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
