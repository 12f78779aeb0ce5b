/** A mistake on the command line; its message is all the user needs. */
export class UsageError extends Error {}

/** Options by name: `value` takes the next word, `list` may be given several times, `flag` takes none. */
export type OptionKinds = Readonly<Record<string, 'value' | 'list' | 'flag'>>;

export interface ParsedOptions {
  value(name: string): string | undefined;
  list(name: string): readonly string[];
  flag(name: string): boolean;
}

/**
 * Parses `--name value`, `--name=value` and `--flag`.
 * @throws UsageError
 */
export function parseOptions(argv: readonly string[], kinds: OptionKinds): ParsedOptions {
  const found = new Map<string, string[]>();
  for (let i = 0; i < argv.length; i++) {
    const match = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(argv[i]);
    const kind = match === null ? undefined : kinds[match[1]];
    if (match === null || kind === undefined) {
      const known = Object.keys(kinds).map((name) => `--${name}`);
      throw new UsageError(`unknown option ${argv[i]}; known are ${known.join(', ')}`);
    }
    const [, name, attached] = match;
    let text = '';
    if (kind === 'flag') {
      if (attached !== undefined) throw new UsageError(`--${name} takes no value`);
    } else {
      const given = attached ?? argv[++i];
      if (given === undefined) throw new UsageError(`--${name} needs a value`);
      text = given;
    }
    const texts = found.get(name) ?? [];
    if (kind === 'value' && texts.length > 0) throw new UsageError(`--${name} is given twice`);
    found.set(name, [...texts, text]);
  }
  return {
    value: (name) => found.get(name)?.[0],
    list: (name) => found.get(name) ?? [],
    flag: (name) => found.has(name),
  };
}

/** @throws UsageError unless `text` is a whole number from `low` to `high` */
export function wholeNumber(name: string, text: string, low: number, high: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= low && number <= high) return number;
  throw new UsageError(`--${name} ${text}: expected a number from ${low} to ${high}`);
}

/**
 * Runs a program with the words of its command line. What it fails of is said, and is its exit code: 2
 * for a mistake on the command line, which is shown how it is used.
 * @param failed exit code of other failures
 */
export async function runMain(
  usage: string,
  main: (argv: readonly string[]) => Promise<void>,
  failed: number = 1,
): Promise<void> {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(`ringway: ${(error as Error).message}${isUsage ? `\n\n${usage}` : ''}`);
    process.exitCode = isUsage ? 2 : failed;
  }
}

/** Words between commas, without empty ones. */
export function commaList(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}
