import { type Command, type Context, upper } from './command.ts';
import { LIST_COMMANDS } from './lists.ts';
import { OTHER_COMMANDS } from './others.ts';
import { failure } from './resp.ts';
import { STRING_COMMANDS } from './strings.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({ ...STRING_COMMANDS, ...LIST_COMMANDS, ...OTHER_COMMANDS }),
);

/** The commands that the simulated Redis knows, in upper case. */
export const KNOWN_COMMANDS: readonly string[] = [...COMMANDS.keys()];

/** What clients may do that have not logged in. */
const BEFORE_LOGIN = ['AUTH', 'HELLO', 'QUIT', 'RESET'];
const SHOWN_CHARACTERS = 128;

function unknown(words: readonly Buffer[]): Buffer {
  let args = '';
  for (const word of words.slice(1)) {
    if (args.length >= SHOWN_CHARACTERS) break;
    args += `'${word.toString('latin1', 0, SHOWN_CHARACTERS - args.length)}' `;
  }
  const name = words[0].toString('latin1', 0, SHOWN_CHARACTERS);
  return failure(`ERR unknown command '${name}', with args beginning with: ${args}`);
}

/** Carries out one request, as Redis 7.0 does. @returns its reply */
export function execute(context: Context, words: readonly Buffer[]): Buffer {
  const name = upper(words[0]);
  const command = COMMANDS.get(name);
  if (command === undefined) return unknown(words);
  const [arity, run] = command;
  if (arity > 0 ? words.length !== arity : words.length < -arity) {
    return failure(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
  }
  if (!context.session.authenticated && !BEFORE_LOGIN.includes(name)) {
    return failure('NOAUTH Authentication required.');
  }
  return run(context, words);
}
