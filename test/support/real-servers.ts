import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, isPortFree } from './free-port.ts';
import { delay, waitFor } from './wait.ts';

// Real Redis (or Valkey) and memcached processes for tests, benchmarks and the demo. Everything
// started here is stopped again when this process ends, and nothing else is ever signalled.

export interface RealServer {
  readonly kind: 'redis' | 'memcached';
  readonly port: number;
  readonly pid: number;
  /** Its working directory, a temporary one unless the caller gave it. */
  readonly dir: string;
  readonly running: boolean;
  /** Asks it to stop, and makes it stop after two seconds; resolves when it is gone. */
  stop(): Promise<void>;
  /** Sends a signal: 'SIGKILL' to crash it, 'SIGSTOP' to hang it, 'SIGCONT' to wake it. */
  kill(signal: NodeJS.Signals): void;
  /** Starts it again on the same port after it was stopped or killed (pid changes). */
  restart(): Promise<void>;
}

export interface ServerOptions {
  args?: readonly string[];
  port?: number;
  dir?: string;
}

const REDIS_BINARIES = ['redis-server', 'valkey-server'];
const MEMCACHED_BINARIES = ['memcached'];

/** Starts a redis-server without persistence on 127.0.0.1 and waits until it answers PING. */
export async function startRedis(options: ServerOptions = {}): Promise<RealServer> {
  const binary = requireBinary(REDIS_BINARIES, 'redis-server');
  const port = options.port ?? (await freePort());
  const server = new ServerProcess('redis', binary, port, options.dir, (dir) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ...(options.args ?? []),
  ]);
  await server.start();
  return server;
}

/** Starts a memcached on 127.0.0.1 and waits until it answers. */
export async function startMemcached(options: ServerOptions = {}): Promise<RealServer> {
  const binary = requireBinary(MEMCACHED_BINARIES, 'memcached');
  const port = options.port ?? (await freePort());
  // memcached refuses to run as root without -u; it is given root itself, as it serves loopback only.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const server = new ServerProcess('memcached', binary, port, options.dir, () => [
    ...['-p', String(port), '-U', '0', '-l', '127.0.0.1', ...user],
    ...(options.args ?? []),
  ]);
  await server.start();
  return server;
}

/** Starts a Redis Sentinel on 127.0.0.1 with these lines of configuration, which it adds to. */
export async function startSentinel(lines: readonly string[]): Promise<RealServer> {
  const binary = requireBinary(REDIS_BINARIES, 'redis-server');
  const port = await freePort();
  const server = new ServerProcess('redis', binary, port, undefined, (dir) => {
    const file = join(dir, 'sentinel.conf');
    writeFileSync(file, `${[`port ${port}`, 'bind 127.0.0.1', ...lines].join('\n')}\n`);
    return [file, '--sentinel'];
  });
  await server.start();
  return server;
}

/** Starts `count` redis-servers at once. When one fails, the others are stopped again. */
export async function startRedisSet(
  count: number,
  options: Omit<ServerOptions, 'port' | 'dir'> = {},
): Promise<RealServer[]> {
  const starts = Array.from({ length: count }, () => startRedis(options));
  const results = await Promise.allSettled(starts);
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  throw failed.reason;
}

/**
 * Makes sure that redis-server (or valkey-server), and memcached if asked for, are on the PATH. On
 * Debian and Ubuntu root installs what is missing; elsewhere the error says in one line what to do.
 */
export function ensureServers(options: { memcached?: boolean } = {}): void {
  const missing: string[] = [];
  if (!findBinary(REDIS_BINARIES)) missing.push('redis-server');
  if (options.memcached && !findBinary(MEMCACHED_BINARIES)) missing.push('memcached');
  if (missing.length > 0) installMissing(missing);
}

/** Installs a program that a test needs; where that cannot be done, the error says so. */
export function ensureDebianPackage(name: string): void {
  installMissing([name]);
}

function installMissing(missing: string[]): void {
  if (process.getuid?.() !== 0 || !isDebian() || !findBinary(['apt-get'])) {
    throw new Error(howToInstall(missing));
  }
  console.error(`ringway: installing ${missing.join(' and ')} with apt-get ...`);
  try {
    aptGet('update');
    aptGet('install', '-y', '--no-install-recommends', ...missing);
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    const lastLine = stderr?.toString().trim().split('\n').at(-1) ?? String(error);
    throw new Error(`${howToInstall(missing)} (apt-get failed: ${lastLine})`, { cause: error });
  }
}

/** Path of the first of `names` that is on the PATH. */
export function findBinary(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

function requireBinary(names: readonly string[], debianPackage: string): string {
  const found = findBinary(names);
  if (found) return found;
  ensureServers({ memcached: debianPackage === 'memcached' });
  const installed = findBinary(names);
  if (!installed) throw new Error(howToInstall([debianPackage]));
  return installed;
}

function howToInstall(missing: readonly string[]): string {
  const alternative = missing.includes('redis-server') ? ' (valkey-server does as well)' : '';
  return `ringway needs ${missing.join(' and ')} on the PATH${alternative}: please install it first`;
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

// Debian's packages would start a service on the default port; RUNLEVEL=1 keeps them from that.
function aptGet(...args: string[]): void {
  // Another test may be installing: its lock is waited for.
  const lock = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Get::Lock::Timeout=300'];
  execFileSync('apt-get', ['-qq', ...lock, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}

const started = new Set<ServerProcess>();

class ServerProcess implements RealServer {
  readonly kind: RealServer['kind'];
  readonly port: number;
  readonly dir: string;
  readonly #binary: string;
  readonly #args: readonly string[];
  readonly #ownsDir: boolean;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(
    kind: RealServer['kind'],
    binary: string,
    port: number,
    dir: string | undefined,
    args: (dir: string) => string[],
  ) {
    this.kind = kind;
    this.port = port;
    this.#binary = binary;
    this.#ownsDir = dir === undefined;
    this.dir = dir ?? mkdtempSync(join(tmpdir(), `ringway-${kind}-`));
    this.#args = args(this.dir);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  async start(): Promise<void> {
    stopAllOnExit();
    // Otherwise somebody else's server could answer in its place.
    if (!(await isPortFree(this.port))) {
      await this.stop();
      throw new Error(`port ${this.port} is taken`);
    }
    mkdirSync(this.dir, { recursive: true }); // stop() has removed it before a restart
    const child = spawn(this.#binary, this.#args, {
      cwd: this.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#output = '';
    started.add(this);
    const collect = (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-4096);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', collect);
    // Neither the process nor its output keeps a finished test from ending.
    child.unref();
    for (const stream of [child.stdout, child.stderr]) (stream as { unref?(): void }).unref?.();
    try {
      const what = `${this.kind} on port ${this.port}`;
      await waitFor(what, async () => !this.running || (await answers(this.port, this.kind)));
      if (!this.running) throw new Error('it ended at once');
    } catch (error) {
      await this.stop();
      throw new Error(`${this.#binary} did not start: ${this.#output.trim()}`, { cause: error });
    }
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.#child?.kill(signal);
  }

  async stop(): Promise<void> {
    await this.#end();
    started.delete(this);
    if (this.#ownsDir) rmSync(this.dir, { recursive: true, force: true });
  }

  async restart(): Promise<void> {
    await this.#end();
    await this.start();
  }

  /** At process exit, when nothing can be awaited any more. */
  stopNow(): void {
    this.kill('SIGKILL');
    if (this.#ownsDir) rmSync(this.dir, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.ref();
    child.kill('SIGTERM');
    child.kill('SIGCONT'); // a stopped process would not see SIGTERM
    const inTime = await Promise.race([gone.then(() => true), delay(2000).then(() => false)]);
    if (!inTime) {
      child.kill('SIGKILL');
      await gone;
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Whether the server on `port` answers a first command. */
function answers(port: number, kind: RealServer['kind']): Promise<boolean> {
  const question = kind === 'redis' ? 'PING\r\n' : 'version\r\n';
  const answer = kind === 'redis' ? /^(\+PONG|-NOAUTH)/ : /^VERSION/;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(question));
    const done = (good: boolean) => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (chunk) => done(answer.test(chunk.toString('latin1'))));
  });
}

let exitHandlersSet = false;

function stopAllOnExit(): void {
  if (exitHandlersSet) return;
  exitHandlersSet = true;
  process.on('exit', () => {
    for (const server of started) server.stopNow();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Somebody else may handle the signal (the demo does); only if not, end as by default.
      if (process.listenerCount(signal) === 1) process.exit(128 + (signal === 'SIGINT' ? 2 : 15));
    });
  }
}
