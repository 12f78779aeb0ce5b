import {
  AttachedFiles,
  type Config,
  type ConfigText,
  parseConfig as parseBytes,
  type Rules,
  readConfig,
  resolveListens,
} from '../config/index.ts';
import { ConfigError, type ConfigProblem, RingwayError } from '../errors.ts';
import type { PoolKeys } from './pool-keys.ts';

/** Pools by name, each with the keys of a configuration file. */
export type Pools = Readonly<Record<string, PoolKeys>>;

/** Where a configuration comes from: exactly one of `config`, `text` and `pools`. */
export interface ConfigSource {
  /** The path of a configuration file, or what parseConfig() or loadConfig() made of one. */
  readonly config?: string | Config;
  /** What such a file would hold. */
  readonly text?: string | Uint8Array;
  /** The same as an object. */
  readonly pools?: Pools;
  /** What mistakes in `text` and `pools` are told to be in, and what paths are relative to. */
  readonly file?: string;
}

/** Whoever embeds a proxy may leave its port to the system. */
const RULES: Rules = { anyPort: true };
const NONE: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * Reads a configuration that is no file: the text of one, or pools by name. A port may be 0: then
 * the system chooses one, and Ringway.port tells which.
 * @param file what mistakes are told to be in; paths in the text are relative to its folder
 * @throws ConfigError with all mistakes, each with line, column, path and what was expected
 */
export function parseConfig(
  source: string | Uint8Array | Pools,
  file: string = typeof source === 'string' || source instanceof Uint8Array ? 'text' : 'pools',
): Config {
  return parse(bytesOf(source, file), file, new AttachedFiles(file));
}

function parse(bytes: Uint8Array, file: string, files: AttachedFiles): Config {
  return parseBytes(bytes, file, files, RULES);
}

/** Reads whatever is given, host names included. @throws ConfigError, or RingwayError */
export async function readSource(source: ConfigSource): Promise<ConfigText> {
  const { config, text, pools } = source;
  if ([config, text, pools].filter((each) => each !== undefined).length !== 1) {
    throw new RingwayError('RINGWAY_USAGE', 'expected exactly one of config, text and pools');
  }
  if (typeof config === 'string') return readConfig(config);
  if (config !== undefined) return { config, text: new Uint8Array(0), attached: NONE };
  const given = (text ?? pools) as string | Uint8Array | Pools;
  const { file = text === undefined ? 'pools' : 'text' } = source;
  const bytes = bytesOf(given, file);
  const files = new AttachedFiles(file);
  const parsed = parse(bytes, file, files);
  await resolveListens(parsed);
  return { config: parsed, text: bytes, attached: files.contents };
}

function bytesOf(source: string | Uint8Array | Pools, file: string): Uint8Array {
  if (typeof source === 'string') return Buffer.from(source);
  return source instanceof Uint8Array ? source : Buffer.from(textOf(source, file));
}

/** The file that says what the object says. Quotes never change the meaning of a text there. */
function textOf(pools: Pools, file: string): string {
  const problems: ConfigProblem[] = [];
  const lines: string[] = [];
  const wrong = (path: string, expected: string): void => {
    problems.push({ file, line: lines.length + 1, column: 1, path, message: expected });
  };
  if (!isObject(pools)) wrong('', 'this is no object; expected pools by name');
  for (const [name, keys] of isObject(pools) ? Object.entries(pools) : []) {
    lines.push(`${JSON.stringify(name)}:`);
    if (!isObject(keys)) {
      wrong(name, 'the pool is no object; expected its keys');
      continue;
    }
    for (const [key, value] of Object.entries(keys)) {
      if (value === undefined) continue;
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      const texts = items.map(scalarOf);
      if (texts.includes(null)) {
        wrong(`${name}.${key}`, 'expected a text, a number, true or false, or a list of texts');
      } else if (Array.isArray(value)) {
        lines.push(`  ${JSON.stringify(key)}:`, ...texts.map((text) => `    - ${text}`));
      } else lines.push(`  ${JSON.stringify(key)}: ${texts[0]}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return `${lines.join('\n')}\n`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Null for what no file can say. */
function scalarOf(value: unknown): string | null {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? `"${value}"` : null;
}
