import assert from 'node:assert/strict';
import {
  arityFits,
  type CommandSpec,
  findCommand,
  findSubcommand,
} from '../../src/protocol/redis/table/commands.ts';

/** The row that a request goes by. */
export function specOf(words: readonly string[]): CommandSpec {
  const command = findCommand(words[0]);
  assert.ok(command, words[0]);
  const spec = command.handling === 'container' ? findSubcommand(command, words[1]) : command;
  assert.ok(spec, `${words[0]} ${words[1]}`);
  assert.ok(arityFits(spec.arity, words.length), words.join(' '));
  return spec;
}

/** The name of the row that the requests of a template go by. */
export function nameOf(template: string): string {
  const [name, second] = template.split(' ');
  return findCommand(name)?.handling === 'container' ? `${name}|${second}` : name;
}
