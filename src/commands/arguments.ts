import { type ParseArgsConfig, parseArgs } from 'node:util';
import { RingwayError } from '../errors.ts';
import type { Out } from './command.ts';

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** Options as given; every option takes a text or is a switch. */
export interface Arguments {
  readonly words: readonly string[];
  text(name: string): string | null;
  has(name: string): boolean;
}

/**
 * Runs a command: `--help` prints its help, a mistake prints one line and gives status 1.
 * @param options names; those that end in `=` take a text; `x/name` has the short form -x
 */
export async function runCommand(
  argv: readonly string[],
  { out, err, help, options }: { out: Out; err: Out; help: string; options: readonly string[] },
  body: (given: Arguments) => Promise<number>,
): Promise<number> {
  try {
    const given = parse(argv, [...options, 'h/help']);
    if (given.has('help')) {
      out.write(help);
      return 0;
    }
    return await body(given);
  } catch (error) {
    err.write(`ringway: ${(error as Error).message}\n`);
    return 1;
  }
}

function parse(argv: readonly string[], names: readonly string[]): Arguments {
  const options: OptionsConfig = {};
  for (const spec of names) {
    const [, short, name, text] = /^(?:(.)\/)?([^=]+)(=?)$/.exec(spec) as RegExpExecArray;
    const type = text === '=' ? 'string' : 'boolean';
    options[name] = short === undefined ? { type } : { type, short };
  }
  const { values, positionals } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: true,
  });
  return {
    words: positionals,
    text: (name) => (values[name] as string | undefined) ?? null,
    has: (name) => values[name] === true,
  };
}

/** What is wrong with the words of a command. */
export function usageError(message: string): RingwayError {
  return new RingwayError('RINGWAY_USAGE', message);
}
