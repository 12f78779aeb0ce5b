/** Every code a ringway error can carry. Codes are stable: scripts may test them. */
export const ERROR_CODES = [
  'RINGWAY_CODEC',
  'RINGWAY_CONFIG',
  'RINGWAY_CONFIG_FILE',
  'RINGWAY_INTERNAL',
  'RINGWAY_LIMIT',
  'RINGWAY_LISTEN',
  'RINGWAY_PROTOCOL',
  'RINGWAY_STARTUP',
  'RINGWAY_USAGE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** The base of every error ringway throws on purpose. */
export class RingwayError extends Error {
  override readonly name: string = 'RingwayError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** One mistake in a configuration file. Lines and columns count from 1, columns in characters. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `pool.key`, or shorter where the mistake is not in one key. Empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** A mistake in a configuration as one line: `file:line:column: path: message`. */
export function formatProblem(problem: ConfigProblem): string {
  const { file, line, column, path, message } = problem;
  const where = `${file}:${line}:${column}: `;
  return path === '' ? where + message : `${where}${path}: ${message}`;
}

/** All mistakes of one configuration file; the message has one line per mistake. */
export class ConfigError extends RingwayError {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super('RINGWAY_CONFIG', problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
}
