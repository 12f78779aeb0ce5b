// All words of ringway's command line, as its help texts have them.

import { commandByName } from '../../src/commands/index.ts';
import { CODEC_CHOICES, COMMAND_NAMES, HUP_ACTIONS, LOG_FORMATS } from '../../src/options.ts';
import { usageText } from '../../src/usage.ts';

/** An option: of the program, or of one of its commands. */
export interface OptionWord {
  readonly long: string;
  readonly short: string | null;
  /** Null for one without a value. */
  readonly value: 'file' | 'text' | readonly string[] | null;
  readonly text: string;
}

/** A command, `''` for the program without one. */
export interface CommandWords {
  readonly name: string;
  readonly text: string;
  readonly options: readonly OptionWord[];
  /** Whether its words are names of files. */
  readonly files: boolean;
  /** The words that may follow, if they are fixed. */
  readonly words: readonly string[];
}

const OPTION = /^\s*(?:-(.), )?--([\w-]+)(?:=(\S+?))?(?:\s*: |\s{2,})(?:set )?(.*)$/;
/** In the first line of a help text: `--name=VALUE` that is not explained further down. */
const IN_USAGE = /--([\w-]+)=([A-Z]+)/g;
const CHOICES: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['codec', CODEC_CHOICES],
  ['log-format', LOG_FORMATS],
  ['hup', HUP_ACTIONS],
  ['protocol', ['redis', 'memcached']],
]);

/**
 * Options that a help text explains; what follows in further lines is left out.
 * @param program the program's own, which a command has in the same sense
 */
function optionsIn(help: string, program: readonly OptionWord[] = []): OptionWord[] {
  const explained = explainedIn(help);
  const [first] = help.split('\n');
  const others = [...first.matchAll(IN_USAGE)].flatMap(([, long, given]): OptionWord[] => {
    if (explained.some((option) => option.long === long)) return [];
    const text = program.find((option) => option.long === long)?.text ?? '';
    return [{ long, short: null, value: kindOf(long, given, text), text }];
  });
  return [...others, ...explained];
}

function explainedIn(help: string): OptionWord[] {
  return help.split('\n').flatMap((line) => {
    const found = OPTION.exec(line);
    if (found === null) return [];
    const [, short = null, long, given, rest] = found;
    const text = rest
      .replace(/ \(default.*$/, '')
      .replace(/[:;,].*$/, '')
      .trim();
    return [{ long, short, value: kindOf(long, given, text), text }];
  });
}

function kindOf(name: string, given: string | undefined, text: string): OptionWord['value'] {
  if (given === undefined) return null;
  const listed = CHOICES.get(name);
  if (listed !== undefined) return listed;
  return /^(FILE|PATH)$/.test(given) || /\b(file|socket)\b/.test(text) ? 'file' : 'text';
}

/** @returns the program itself first, then its commands */
export async function commandTable(): Promise<CommandWords[]> {
  const usage = usageText();
  const table: CommandWords[] = [
    { name: '', text: 'run the proxy', options: optionsIn(usage), files: false, words: [] },
  ];
  for (const name of COMMAND_NAMES) {
    const help = await helpOf(name);
    const summary = new RegExp(`^ +ringway ${name}\\b.*?: (.*)$`, 'm').exec(usage);
    const options = optionsIn(help, table[0].options);
    const known = options.some(({ long }) => long === 'help');
    const own: OptionWord = { long: 'help', short: 'h', value: null, text: 'show its help' };
    table.push({
      name,
      text: summary?.[1] ?? '',
      options: known ? options : [...options, own],
      files: /^Usage: ringway \w+ (FILE|OLD)/m.test(help),
      words: wordsIn(help),
    });
  }
  return table;
}

/** What may stand for COMMAND: the first words of the lines that explain them. */
function wordsIn(help: string): string[] {
  if (!/^Usage: .*\bCOMMAND$/m.test(help)) return [];
  const found = help.matchAll(/^ {2}([a-z]+)(?: \S+)* {2,}\S/gm);
  return [...new Set([...found].map(([, word]) => word))];
}

/** What each command prints for --help, by its name. */
export async function helpTexts(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const name of COMMAND_NAMES) texts.set(name, await helpOf(name));
  return texts;
}

async function helpOf(name: string): Promise<string> {
  let text = '';
  const out = { write: (part: string) => void (text += part) };
  await commandByName(name)?.(['--help'], out, out);
  return text;
}
