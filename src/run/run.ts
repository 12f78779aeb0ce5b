import { rmSync, writeFileSync } from 'node:fs';
import { RingwayError } from '../errors.ts';
import { type Ringway, start, VERSION } from '../index.ts';
import { FileLog, LOG_ERROR, LOG_NOTICE } from '../log.ts';
import { JsonLog } from '../logging/json-log.ts';
import { RepeatLimit } from '../logging/repeat-limit.ts';
import type { ReaderKind } from '../net/reader.ts';
import { CODEC_CHOICES, type CodecChoice, type Options } from '../options.ts';
import { becomeDaemon, isDaemon, startDaemon } from './daemonize.ts';
import { handleSignals, type ReopenableLog } from './signals.ts';
import { inheritedSockets, notifySystemd } from './systemd.ts';

/**
 * Runs the proxy as the command line says, in the order of nutcracker: log file, background, signals,
 * pid file, banner, configuration, listeners.
 * @param argv to start again with when it goes into the background
 * @returns the exit status when the program is over or goes on in the background, else null
 */
export async function run(options: Options, argv: readonly string[]): Promise<number | null> {
  const { env } = process;
  const file = openLog(options);
  if (file === null) return 1;
  if (options.daemonize && !isDaemon(env)) {
    await startDaemon(argv, env);
    return 0;
  }
  if (isDaemon(env)) becomeDaemon(env);
  const daemon = new Daemon(options, file);
  return (await daemon.start()) ? null : 1;
}

function openLog({ verbose, output, logFormat }: Options): ReopenableLog | null {
  try {
    return logFormat === 'json' ? new JsonLog(verbose, output) : new FileLog(verbose, output);
  } catch (error) {
    const reason = (error as Error).message;
    process.stderr.write(`ringway: opening log file '${output}' failed: ${reason}\n`);
    return null;
  }
}

/** The running program: one proxy, its log, its pid file and its end. */
class Daemon {
  readonly #options: Options;
  readonly #log: RepeatLimit;
  #ringway: Ringway | null = null;
  #wrotePid = false;
  #stopping = false;

  constructor(options: Options, file: ReopenableLog) {
    this.#options = options;
    this.#log = new RepeatLimit(file);
    handleSignals(this.#log, file, {
      stop: (name) => this.#stop(name === 'SIGINT' ? 1 : 0),
      reload: () => {},
    });
    process.on('uncaughtException', (error) => this.#onBug(error));
  }

  /** @returns whether it runs */
  async start(): Promise<boolean> {
    const { pidFile } = this.#options;
    try {
      if (pidFile !== null) this.#writePid(pidFile);
      this.#say(`ringway ${VERSION} on Node ${process.version}, started on pid ${process.pid}`);
      this.#ringway = await this.#startProxy();
    } catch (error) {
      if (!(error instanceof RingwayError)) throw error;
      for (const line of error.message.split('\n')) this.#log.write(LOG_ERROR, line);
      if (this.#wrotePid && pidFile !== null) rmSync(pidFile, { force: true });
      this.#log.flush();
      return false;
    }
    const { codec, reader } = this.#ringway;
    this.#say(`ready: codec ${codec}, reader ${reader}`);
    void notifySystemd(process.env, process.pid, 'READY=1', `STATUS=ready, codec ${codec}`);
    return true;
  }

  #startProxy(): Promise<Ringway> {
    const options = this.#options;
    const { env, pid } = process;
    const reader = readerFrom(env);
    return start({
      config: options.confFile,
      codec: options.codec ?? codecFrom(env),
      log: this.#log,
      stats: { port: options.statsPort, host: options.statsAddr },
      latency: options.latency,
      memoryLimit: options.memoryMib * 1024 * 1024,
      listenFds: inheritedSockets(env, pid),
      ...(options.http === null ? {} : { http: options.http }),
      ...(options.adminSocket === null ? {} : { admin: this.#admin(options.adminSocket) }),
      ...(reader === null ? {} : { reader }),
    });
  }

  #admin(path: string) {
    const drain = (): object => {
      this.#say('drain: asked for on the admin socket');
      setImmediate(() => this.#stop(0));
      return { draining: true };
    };
    return { path, actions: new Map([['drain', drain]]) };
  }

  #writePid(path: string): void {
    try {
      writeFileSync(path, String(process.pid), { mode: 0o644 });
    } catch (error) {
      const reason = (error as Error).message;
      throw new RingwayError('RINGWAY_STARTUP', `writing pid file '${path}' failed: ${reason}`);
    }
    this.#wrotePid = true;
  }

  /** Answers what is in flight, then ends; asked a second time, it ends at once. */
  #stop(status: number): void {
    if (this.#stopping || this.#ringway === null) this.#exit(status);
    this.#stopping = true;
    void notifySystemd(process.env, process.pid, 'STOPPING=1');
    this.#say(`draining for at most ${this.#options.drainMs} ms`);
    void this.#ringway?.stop(this.#options.drainMs).then(() => this.#exit(status));
  }

  #exit(status: number): never {
    this.#say('done');
    this.#log.flush();
    process.exit(status);
  }

  #onBug(error: Error): void {
    for (const line of (error.stack ?? String(error)).split('\n')) this.#log.write(LOG_ERROR, line);
    this.#log.flush();
    process.exit(1);
  }

  #say(message: string): void {
    this.#log.write(LOG_NOTICE, message);
  }
}

function codecFrom(env: NodeJS.ProcessEnv): CodecChoice {
  const name = env['RINGWAY_CODEC'];
  if (name === undefined || name === '') return 'auto';
  const choice = CODEC_CHOICES.find((candidate) => candidate === name);
  if (choice !== undefined) return choice;
  const choices = CODEC_CHOICES.join(', ');
  throw new RingwayError('RINGWAY_USAGE', `RINGWAY_CODEC is '${name}'; expected one of ${choices}`);
}

function readerFrom(env: NodeJS.ProcessEnv): ReaderKind | null {
  const name = env['RINGWAY_READER'];
  if (name === undefined || name === '') return null;
  if (name === 'onread' || name === 'data') return name;
  throw new RingwayError('RINGWAY_USAGE', `RINGWAY_READER is '${name}'; expected onread or data`);
}
