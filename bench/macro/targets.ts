import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CodecChoice } from '../../src/codec/select.ts';
import { freePort } from '../../test/support/free-port.ts';
import { findBinary, type RealServer, startRedis } from '../../test/support/real-servers.ts';
import { waitFor } from '../../test/support/wait.ts';
import type { MacroOptions } from './options.ts';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const SERVER_NAMES = ['ada', 'grace', 'edsger', 'barbara'];
export const NUTCRACKER = 'nutcracker';
export const DIRECT = 'direct redis';

/** Something that redis-benchmark is pointed at. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

export interface ProxyTarget extends Target {
  readonly process: ChildProcess;
}

/** How a ringway is started; `cli` is that of the build to run. */
export function ringwayCommand(codec: CodecChoice, cli: string = CLI): string[] {
  const options = ['--codec', codec, '-c', '{conf}', '-a', '127.0.0.1', '-s', '{stats}'];
  return [process.execPath, cli, ...options];
}

/** Everything that runs for the benchmark. */
export class Bed {
  readonly targets: Target[] = [];
  readonly #dir = mkdtempSync(join(tmpdir(), 'ringway-bench-'));
  readonly #servers: RealServer[] = [];
  readonly #proxies: ChildProcess[] = [];
  #count = 0;

  constructor() {
    // For exits that skip stop().
    process.on('exit', () => {
      for (const child of this.#proxies) if (!hasEnded(child)) child.kill('SIGKILL');
      rmSync(this.#dir, { recursive: true, force: true });
    });
  }

  /** Four servers, the proxies in front of them, and one server more to talk to directly. */
  async start(options: MacroOptions): Promise<void> {
    await this.startServers();
    for (const codec of options.codecs) {
      this.targets.push(await this.startProxy(`ringway ${codec}`, ringwayCommand(codec)));
    }
    const nutcracker = findBinary([NUTCRACKER]);
    if (nutcracker !== undefined) {
      const command = [nutcracker, '-c', '{conf}', '-a', '127.0.0.1', '-s', '{stats}'];
      this.targets.push(await this.startProxy(NUTCRACKER, command));
    }
    for (const { name, command } of options.rivals) {
      this.targets.push(await this.startProxy(name, command));
    }
    const direct = await startRedis();
    this.#servers.push(direct);
    this.targets.push({ name: DIRECT, port: direct.port, pid: direct.pid });
  }

  async startServers(): Promise<void> {
    for (const _name of SERVER_NAMES) this.#servers.push(await startRedis());
  }

  /** Starts a proxy in front of the servers; with `channel` it can be sent messages. */
  async startProxy(
    name: string,
    command: readonly string[],
    channel = false,
  ): Promise<ProxyTarget> {
    const port = await freePort();
    const number = this.#count++;
    const conf = join(this.#dir, `${number}.yml`);
    const log = join(this.#dir, `${number}.log`);
    writeFileSync(conf, configuration(port, this.#servers));
    const values = { conf, port: String(port), stats: String(await freePort()) };
    const [program, ...args] = command.map((word) =>
      word.replace(/\{(conf|port|stats)\}/g, (_, key: keyof typeof values) => values[key]),
    );
    const output = openSync(log, 'a');
    const child = spawn(program, args, {
      stdio: ['ignore', output, output, ...(channel ? ['ipc' as const] : [])],
    });
    closeSync(output);
    this.#proxies.push(child);
    let failure = '';
    child.on('error', (error) => (failure = error.message));
    await waitFor(name, async () => hasEnded(child) || (await answers(port)), 10_000);
    if (hasEnded(child)) {
      const said = readFileSync(log, 'utf8').trim().slice(-400);
      throw new Error(`${name} did not start: ${failure} ${said}`);
    }
    return { name, port, pid: child.pid as number, process: child };
  }

  async stopProxies(): Promise<void> {
    await Promise.all(this.#proxies.splice(0).map(end));
  }

  async stop(): Promise<void> {
    await this.stopProxies();
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** The same for every proxy but for the port. */
export function configuration(port: number, servers: readonly { port: number }[]): string {
  return [
    'bench:',
    `  listen: 127.0.0.1:${port}`,
    '  hash: fnv1a_64',
    '  distribution: ketama',
    '  redis: true',
    '  servers:',
    ...servers.map((server, i) => `   - 127.0.0.1:${server.port}:1 ${SERVER_NAMES[i]}`),
    '',
  ].join('\n');
}

/** Whether a GET through the proxy gets a reply. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('*2\r\n$3\r\nGET\r\n$1\r\na\r\n'));
    const done = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (chunk) => done(chunk.toString('latin1').startsWith('$-1')));
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
}
