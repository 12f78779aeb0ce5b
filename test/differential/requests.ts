import {
  type CommandSpec,
  KNOWN_COMMANDS,
  SUBCOMMANDS,
} from '../../src/protocol/redis/table/commands.ts';
import { ERRONEOUS, ORDINARY } from './ordinary.ts';

/** A request as text, keys with @, and as words. */
export interface Sample {
  readonly text: string;
  readonly words: readonly string[];
}

/** Splits a line into words; double quotes hold blanks and line ends together. */
export function sample(text: string): Sample {
  const words = text.match(/"[^"]*"|\S+/g)!.map((word) => word.replace(/^"|"$/g, ''));
  return { text, words: words.map((word) => word.replace(/^@/, '{t}')) };
}

function samples(lines: string): Sample[] {
  return lines
    .trim()
    .match(/(?:"[^"]*"|[^"\n])+/g)!
    .map(sample);
}

export const ordinary: readonly Sample[] = samples(ORDINARY);

/** The ordinary requests again, on a key of another type, and all that is wrong otherwise. */
export const erroneous: readonly Sample[] = [
  sample('RPUSH @wrong x'),
  ...ordinary
    .filter(({ text, words }) => /@/.test(text) && words[0] !== 'RANDOMKEY')
    .map(({ text }) => sample(text.replace(/@\w+/g, '@wrong'))),
  ...samples(ERRONEOUS),
];

const all: readonly CommandSpec[] = [...KNOWN_COMMANDS, ...SUBCOMMANDS.values()];

/** Whether a row belongs to a request: `SCRIPT|LOAD` to "SCRIPT LOAD ...". */
export function isOf(spec: CommandSpec, { words }: Sample): boolean {
  const [command, subcommand] = spec.name.split('|');
  if (words[0].toUpperCase() !== command) return false;
  return subcommand === undefined || words[1]?.toUpperCase() === subcommand;
}

function nameWords(spec: CommandSpec): string[] {
  return spec.name.split('|');
}

/** Every command with too few words, or with one too many where none is too few. */
export const wrongArity: readonly Sample[] = all
  .filter(({ arity, name }) => arity > 0 || -arity > name.split('|').length)
  .map((spec) => {
    const words = nameWords(spec);
    const tooFew = Math.abs(spec.arity) > words.length;
    return sample((tooFew ? words : [...words, 'extra']).join(' '));
  });

/** Of those whose words ringway judges itself: what it asks servers in their place. */
const LATER_FORMS: Readonly<Record<string, string>> = { WAITAOF: 'WAITAOF 0 0 0' };

/** Commands that no server of Redis 7.0 has, in a form that passes the arity of the table. */
export function laterForm(spec: CommandSpec): Sample {
  const words = nameWords(spec);
  const form = LATER_FORMS[words.join(' ')];
  if (form !== undefined) return sample(form);
  while (words.length < Math.abs(spec.arity)) words.push('@later');
  return sample(words.join(' '));
}

export const unsupported: readonly CommandSpec[] = all.filter(
  ({ handling }) => handling === 'unsupported',
);

export const served: readonly CommandSpec[] = all.filter(
  ({ handling }) => handling !== 'unsupported',
);
