import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { type Log, type LogFields, visibleJson } from '../log.ts';

/** Names of nutcracker's levels, 0 to 11. */
const LEVEL_NAMES = [
  'emerg',
  'alert',
  'crit',
  'error',
  'warn',
  'notice',
  'info',
  'debug',
  'verb',
  'vverb',
  'vvverb',
  'pverb',
] as const;

type LevelName = (typeof LEVEL_NAMES)[number];

/** pino counts upwards in severity, nutcracker downwards. */
const PINO_LEVELS = Object.fromEntries(
  LEVEL_NAMES.map((name, level) => [name, (LEVEL_NAMES.length - level) * 10]),
) as Record<LevelName, number>;

/** One JSON object per line: level, time, pid, msg, and the fields of the line. */
export class JsonLog implements Log {
  level: number;
  readonly #file: string | null;
  readonly #destination: ReturnType<typeof destination>;
  readonly #pino: Logger<LevelName>;

  /** @param file null or empty = standard error @throws when it cannot be opened */
  constructor(level: number, file: string | null) {
    this.level = level;
    this.#file = file === '' ? null : file;
    this.#destination = destination({ dest: this.#file ?? 2, sync: true, mode: 0o644 });
    this.#destination.on('error', () => {}); // a full disk must not end the proxy
    this.#pino = pino(
      {
        level: 'pverb',
        customLevels: PINO_LEVELS,
        useOnlyCustomLevels: true,
        base: { pid: process.pid },
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
      },
      { write: (line) => this.#destination.write(visibleJson(line)) },
    );
  }

  write(level: number, message: string, fields: LogFields = {}): void {
    if (level > this.level) return;
    this.#pino[LEVEL_NAMES[level]](fields, message);
  }

  reopen(): void {
    if (this.#file !== null) this.#destination.reopen();
  }
}
