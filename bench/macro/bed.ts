import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type TcpNetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { startCluster, type TestCluster } from '../../test/support/clusters.ts';
import { freePort } from '../../test/support/free-port.ts';
import { type RealServer, startMemcached, startRedis } from '../../test/support/real-servers.ts';
import { delay } from '../../test/support/wait.ts';
import { type Door, type Protocol, poolServers } from './configurations.ts';
import type { Subject } from './subjects.ts';

export const DIRECT = 'direct redis';
export const SERVERS = 4;

const START_TIMEOUT_MS = 10_000;
const REPLY_TIMEOUT_MS = 1000;
const STOP_TIMEOUT_MS = 3000;

/** Something that load is put on. */
export interface Target extends Door {
  readonly name: string;
  readonly pid: number;
}

export interface BedOptions {
  readonly protocol?: Protocol;
  /** Servers and proxies listen on unix sockets too, and proxies find servers there. */
  readonly unix?: boolean;
  /** The servers are one Redis Cluster. */
  readonly cluster?: boolean;
  readonly servers?: number;
}

/** Everything that runs for the benchmark. */
export class Bed {
  readonly #targets = new Map<string, Target>();
  readonly #dir = mkdtempSync(join(tmpdir(), 'ringway-bench-'));
  readonly #servers: RealServer[] = [];
  readonly #proxies = new Map<string, ChildProcess>();
  readonly #protocol: Protocol;
  readonly #options: BedOptions;
  readonly #doors: Door[] = [];
  #cluster: TestCluster | null = null;
  #started = 0;

  constructor(options: BedOptions = {}) {
    this.#options = options;
    this.#protocol = options.protocol ?? 'redis';
    // For exits that skip stop().
    process.on('exit', () => {
      for (const child of this.#proxies.values()) if (!hasEnded(child)) child.kill('SIGKILL');
      rmSync(this.#dir, { recursive: true, force: true });
    });
  }

  /** The servers behind all proxies. */
  async startServers(): Promise<void> {
    const { servers = SERVERS, unix = false, cluster = false } = this.#options;
    if (cluster) {
      this.#cluster = await startCluster({ masters: servers, replicas: 0 });
      this.#doors.push(...this.#cluster.nodes);
      return;
    }
    for (let i = 0; i < servers; i++) {
      const path = join(this.#dir, `server-${i}.sock`);
      const server = await this.#startServer(unix ? ['--unixsocket', path] : []);
      this.#servers.push(server);
      this.#doors.push(unix ? { port: server.port, path } : server);
    }
  }

  #startServer(args: readonly string[]): Promise<RealServer> {
    return this.#protocol === 'redis' ? startRedis({ args }) : startMemcached();
  }

  /** One more redis-server, without a proxy. */
  async startDirect(): Promise<void> {
    const direct = await startRedis();
    this.#servers.push(direct);
    this.#targets.set(DIRECT, { name: DIRECT, port: direct.port, pid: direct.pid });
  }

  /**
   * Starts a proxy as the target `name`, and resolves when a request through it was answered.
   * @param entries servers in its pool
   * @returns milliseconds until then
   */
  async startProxy(subject: Subject, name = subject.name, entries?: number): Promise<number> {
    const port = await freePort();
    const path = join(this.#dir, `${this.#started}.sock`);
    const door = this.#options.unix ? { port, path } : { port };
    const conf = join(this.#dir, `${this.#started}.conf`);
    const log = join(this.#dir, `${this.#started}.log`);
    this.#started++;
    const pool = poolServers(this.#doors, entries ?? this.#doors.length);
    writeFileSync(conf, subject.configuration(door, pool, this.#protocol));
    const values = { conf, port: String(port), stats: String(await freePort()) };
    const [program, ...args] = subject.command.map((word) =>
      word.replace(/\{(conf|port|stats)\}/g, (_, key: keyof typeof values) => values[key]),
    );
    const output = openSync(log, 'a');
    const startAt = performance.now();
    const child = spawn(program, args, {
      stdio: ['ignore', output, output, ...(subject.channel ? ['ipc' as const] : [])],
    });
    closeSync(output);
    this.#proxies.set(name, child);
    let failure = '';
    child.on('error', (error) => (failure = error.message));
    while (!hasEnded(child) && !(await answers(door, this.#protocol, subject.answersTo))) {
      if (performance.now() > startAt + START_TIMEOUT_MS) failure = 'it does not answer';
      if (failure !== '') break;
      await delay(1);
    }
    const tookMs = performance.now() - startAt;
    if (failure !== '' || hasEnded(child)) {
      const said = readFileSync(log, 'utf8').trim().slice(-400);
      throw new Error(`${name} did not start: ${failure} ${said}`);
    }
    this.#targets.set(name, { name, ...door, pid: child.pid as number });
    return tookMs;
  }

  /** @throws Error when nothing of that name runs */
  target(name: string): Target {
    const target = this.#targets.get(name);
    if (target === undefined) throw new Error(`${name} does not run`);
    return target;
  }

  /** @throws Error when no proxy of that name runs */
  process(name: string): ChildProcess {
    const child = this.#proxies.get(name);
    if (child === undefined) throw new Error(`${name} does not run`);
    return child;
  }

  async stopProxy(name: string): Promise<void> {
    const child = this.#proxies.get(name);
    this.#targets.delete(name);
    this.#proxies.delete(name);
    if (child !== undefined) await end(child);
  }

  async stopProxies(): Promise<void> {
    await Promise.all([...this.#proxies.keys()].map((name) => this.stopProxy(name)));
  }

  async stop(): Promise<void> {
    await this.stopProxies();
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#cluster?.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** How net.connect() gets there. */
export function connectOptions({ port, path }: Door): { path: string } | TcpNetConnectOpts {
  return path === undefined ? { port, host: '127.0.0.1', noDelay: true } : { path };
}

/** A get of a key that nobody has set, and how its reply begins when it comes from a server. */
const MISS: Record<Protocol, readonly [string, string]> = {
  redis: ['*2\r\n$3\r\nGET\r\n$1\r\na\r\n', '$-1'],
  memcached: ['get a\r\n', 'END'],
};

function answers(door: Door, protocol: Protocol, tls?: ConnectionOptions): Promise<boolean> {
  const [request, reply] = MISS[protocol];
  return new Promise((resolve) => {
    const target = connectOptions(door);
    const socket = tls === undefined ? connect(target) : connectTls({ ...target, ...tls });
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => socket.write(request));
    const done = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(REPLY_TIMEOUT_MS, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (chunk) => done(chunk.toString('latin1').startsWith(reply)));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}
