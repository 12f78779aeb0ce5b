import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../config/index.ts';
import { RingwayError } from '../errors.ts';
import { visible } from '../log.ts';
import type { Out } from './command.ts';

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** Options as given; every option takes a text or is a switch. */
export interface Arguments {
  readonly words: readonly string[];
  text(name: string): string | null;
  has(name: string): boolean;
}

/** Characters of a word that a message repeats. */
const SHOWN_MAX = 64;

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
    const lines = (error as Error).message.split('\n');
    err.write(`ringway: ${lines.map(visible).join('\n')}\n`);
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
  checkNames(argv, Object.keys(options));
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

/** An option that is not known is named, with the one that was meant. */
function checkNames(argv: readonly string[], known: readonly string[]): void {
  const end = argv.indexOf('--');
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const name = /^--([^=]+)/.exec(word)?.[1];
    if (name === undefined || known.includes(name)) continue;
    const near = nearest(
      name,
      known.map((each) => each.replaceAll('-', '_')),
    );
    const hint = near === null ? '' : `; did you mean --${near.replaceAll('_', '-')}?`;
    throw usageError(`unknown option --${visible(name.slice(0, SHOWN_MAX))}${hint}`);
  }
}

/** What is wrong with the words of a command. */
export function usageError(message: string): RingwayError {
  return new RingwayError('RINGWAY_USAGE', message);
}
