import { RingwayError } from '../errors.ts';
import { FileLog, LOG_ERROR, LOG_NOTICE } from '../log.ts';
import { RepeatLimit } from '../logging/repeat-limit.ts';
import type { ReaderKind } from '../net/reader.ts';
import { CODEC_CHOICES, type CodecChoice, type Options } from '../options.ts';
import { VERSION } from '../version.ts';
import { adminActions } from './admin-actions.ts';
import { assemble } from './assemble.ts';
import { becomeDaemon, isDaemon, startDaemon } from './daemonize.ts';
import type { DoorOptions } from './doors.ts';
import { PidFile } from './pid-file.ts';
import { handOver, type NextProgram, Predecessor } from './processes/upgrade.ts';
import type { Program } from './program.ts';
import { handleSignals, type ReopenableLog, setLevel } from './signals.ts';
import { inheritedSockets, notifySystemd } from './systemd.ts';
import { telemetrySettings } from './telemetry/settings.ts';

/**
 * Runs the proxy as the command line says, in the order of nutcracker: log file, background,
 * signals, pid file, banner, configuration, listeners.
 * @param argv to start again with when it goes into the background
 * @returns the exit status when the program is over or goes on in the background, else null
 */
export async function run(options: Options, argv: readonly string[]): Promise<number | null> {
  const { env } = process;
  const file = await openLog(options);
  if (file === null) return 1;
  const predecessor = Predecessor.find(env);
  if (options.daemonize && !isDaemon(env) && predecessor === null) {
    await startDaemon(argv, env);
    return 0;
  }
  if (isDaemon(env)) becomeDaemon(env);
  const daemon = new Daemon(options, argv, file, predecessor);
  return (await daemon.start()) ? null : 1;
}

async function openLog({ verbose, output, logFormat }: Options): Promise<ReopenableLog | null> {
  try {
    if (logFormat !== 'json') return new FileLog(verbose, output);
    // Its library takes time to load that a start without it need not spend.
    const { JsonLog } = await import('../logging/json-log.ts');
    return new JsonLog(verbose, output);
  } catch (error) {
    const reason = (error as Error).message;
    process.stderr.write(`ringway: opening log file '${output}' failed: ${reason}\n`);
    return null;
  }
}

/** The process that a container, or the system, begins and ends with. */
const FIRST_PID = 1;

/** The running program: one proxy, its log, its pid file and its end. */
class Daemon {
  readonly #options: Options;
  readonly #argv: readonly string[];
  readonly #log: RepeatLimit;
  /** The process that this one takes over from. */
  readonly #predecessor: Predecessor | null;
  #program: Program | null = null;
  readonly #pidFile: PidFile | null;
  #stopping = false;

  constructor(
    options: Options,
    argv: readonly string[],
    file: ReopenableLog,
    predecessor: Predecessor | null,
  ) {
    this.#options = options;
    this.#argv = argv;
    this.#predecessor = predecessor;
    this.#pidFile = options.pidFile === null ? null : new PidFile(options.pidFile);
    this.#log = new RepeatLimit(file);
    handleSignals(this.#log, file, {
      stop: (name) => this.#stop(name === 'SIGINT' ? 1 : 0),
      // What is wrong is in the log already.
      reload: () => {
        if (options.hup === 'reload') void this.#program?.reloader.reload().catch(() => {});
      },
      upgrade: () => void this.#upgrade({}).catch(() => {}),
      level: (level) => this.#program?.serving.setLevel(level),
    });
    process.on('uncaughtException', (error) => this.#onBug(error));
  }

  /** @returns whether it runs */
  async start(): Promise<boolean> {
    const predecessor = this.#predecessor;
    try {
      if (predecessor === null) this.#pidFile?.write();
      this.#say(`ringway ${VERSION} on Node ${process.version}, started on pid ${process.pid}`);
      this.#program = await this.#assemble();
      await this.#open(this.#program);
      if (predecessor !== null) this.#pidFile?.write();
    } catch (error) {
      if (!(error instanceof RingwayError)) throw error;
      for (const line of error.message.split('\n')) this.#log.write(LOG_ERROR, line);
      this.#pidFile?.undo();
      this.#log.flush();
      return false;
    }
    const { codec, reader } = this.#program.serving;
    if (this.#options.watch) this.#program.reloader.watch();
    const told = this.#tellSystemd('READY=1', `STATUS=ready, codec ${codec}`);
    if (predecessor !== null) {
      // Else the main process ends before systemd knows another one.
      await told;
      predecessor.takeOver(this.#program);
    }
    this.#say(`ready: codec ${codec}, reader ${reader}`);
    return true;
  }

  /** Behind a predecessor: with what operators wanted until its doors were closed. */
  #open(program: Program): Promise<void> {
    const predecessor = this.#predecessor;
    if (predecessor === null) return program.open();
    return program.open(async () => {
      program.wishes = (await predecessor.closeDoors()) ?? program.wishes;
    });
  }

  #tellSystemd(...states: string[]): Promise<void> {
    return notifySystemd(process.env, process.pid, ...states);
  }

  async #assemble(): Promise<Program> {
    const options = this.#options;
    const { env, pid } = process;
    const inherited = await this.#predecessor?.listeners();
    const fds = inheritedSockets(env, pid);
    return assemble({
      ...options,
      codec: options.codec ?? codecFrom(env),
      reader: readerFrom(env),
      telemetry: telemetrySettings(options, env),
      memoryLimit: options.memoryMib * 1024 * 1024,
      maxConnections: options.maxConnections,
      log: this.#log,
      listeners: inherited === undefined ? { fds } : { handles: inherited.handles },
      unready: inherited?.unready ?? false,
      known: inherited?.known ?? [],
      members: inherited?.members ?? {},
      addresses: inherited?.addresses ?? [],
      frozen: inherited?.frozen ?? false,
      orders: inherited?.orders ?? [],
      ticketSecret: inherited?.ticketSecret ?? null,
      numbered: inherited?.numbered ?? 0,
      doors: this.#doors(),
    });
  }

  #doors(): DoorOptions {
    const { statsPort, statsAddr, statsOwn, http, httpHosts, adminSocket } = this.#options;
    return {
      stats: { port: statsPort, host: statsAddr, own: statsOwn },
      ...(http === null ? {} : { http: { ...http, hosts: httpHosts } }),
      ...(adminSocket === null ? {} : { admin: this.#admin(adminSocket) }),
    };
  }

  #admin(path: string) {
    const log = this.#log;
    const setTo = (level: number): void => {
      setLevel(log, level);
      this.#program?.serving.setLevel(level);
    };
    const actions = adminActions({
      get level() {
        return log.level;
      },
      set level(level: number) {
        setTo(level);
      },
      program: () => this.#program as Program,
      upgrade: (next) => this.#upgrade(next),
      drain: () => {
        this.#say('drain: asked for on the admin socket');
        setImmediate(() => this.#stop(0));
      },
    });
    return { path, actions };
  }

  /** Starts the program again and ends when that has taken over everything. */
  async #upgrade(next: NextProgram): Promise<number> {
    try {
      const program = this.#upgradable();
      return await program.reloader.exclusively(async () => {
        if (this.#stopping) throw new RingwayError('RINGWAY_STARTUP', 'it is about to end');
        this.#say('starting the next process');
        const env = process.env;
        const { pid, done } = await handOver(program, { ...next, argv: this.#argv, env });
        this.#stopping = true;
        this.#say(`pid ${pid} has taken over; handing the clients over`);
        void done.then(() => program.stop(0)).then(() => this.#exit(0));
        return pid;
      });
    } catch (error) {
      this.#log.write(LOG_ERROR, (error as Error).message);
      // The next process may have said that it is the main one.
      void this.#tellSystemd('READY=1');
      throw error;
    }
  }

  /** @throws RingwayError when no other process may take over */
  #upgradable(): Program {
    const refuse = (why: string): never => {
      throw new RingwayError('RINGWAY_STARTUP', `no other process takes over: ${why}`);
    };
    if (!this.#options.upgrade) refuse('--no-upgrade was given');
    if (process.pid === FIRST_PID) refuse('this is process 1, whose end is that of its container');
    return this.#program ?? refuse('this one has not started yet');
  }

  /** Answers what is in flight, then ends; asked a second time, it ends at once. */
  #stop(status: number): void {
    if (this.#stopping || this.#program === null) this.#exit(status);
    const { drainMs, shutdownDelayMs } = this.#options;
    this.#stopping = true;
    void this.#tellSystemd('STOPPING=1');
    if (shutdownDelayMs > 0) this.#say(`unready; serving on for ${shutdownDelayMs} ms`);
    this.#say(`draining for at most ${drainMs} ms`);
    void this.#program.stop(drainMs, shutdownDelayMs).then(() => this.#exit(status));
  }

  #exit(status: number): never {
    this.#program?.abandon();
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
