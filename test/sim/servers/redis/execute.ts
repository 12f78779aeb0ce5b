import { BLOCKS, type Command, type Context, upper } from './command.ts';
import { LIST_COMMANDS } from './lists.ts';
import { OTHER_COMMANDS } from './others.ts';
import { PUBSUB_COMMANDS, subscriberRefusal } from './pubsub.ts';
import { failure } from './resp.ts';
import { SCRIPT_COMMANDS } from './scripts.ts';
import { STRING_COMMANDS } from './strings.ts';
import { abort, NOT_QUEUED, QUEUED, TRANSACTION_COMMANDS } from './transactions.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    ...STRING_COMMANDS,
    ...LIST_COMMANDS,
    ...TRANSACTION_COMMANDS,
    ...OTHER_COMMANDS,
    ...PUBSUB_COMMANDS,
    ...SCRIPT_COMMANDS,
  }),
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
  const { session } = context;
  const name = upper(words[0]);
  const command = COMMANDS.get(name);
  const refusal = refusalOf(context, name, words, command);
  if (refusal !== null || command === undefined) {
    if (name === 'EXEC' && refusal !== null) return abort(session, refusal);
    session.failed = session.queue !== null;
    return refusal ?? unknown(words);
  }
  const run = (): Buffer => {
    const reply = command[1](context, words);
    if (reply !== BLOCKS) context.onExecuted?.(words, reply);
    return reply;
  };
  if (session.queue === null || NOT_QUEUED.includes(name)) return run();
  session.queue.push(run);
  return QUEUED;
}

/** Whether it is a request that the simulated Redis knows, with as many words as it wants. */
export function isWellFormed(words: readonly Buffer[]): boolean {
  const arity = COMMANDS.get(upper(words[0]))?.[0];
  return arity !== undefined && !isWrongNumber(arity, words);
}

function isWrongNumber(arity: number, words: readonly Buffer[]): boolean {
  return arity > 0 ? words.length !== arity : words.length < -arity;
}

/** Why a request is not carried out; null when it is, or when nobody knows it. */
function refusalOf(
  { session }: Context,
  name: string,
  words: readonly Buffer[],
  command: Command | undefined,
): Buffer | null {
  if (command === undefined) return null;
  const [arity] = command;
  if (isWrongNumber(arity, words)) {
    return failure(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
  }
  if (!session.authenticated && !BEFORE_LOGIN.includes(name)) {
    return failure('NOAUTH Authentication required.');
  }
  return subscriberRefusal(session, name, words);
}

/** Carries out what a script asks for. */
export function callOf(context: Context, words: readonly Buffer[]): Buffer {
  const [, run] = COMMANDS.get(upper(words[0])) as Command;
  const reply = run(context, words);
  context.onExecuted?.(words, reply);
  return reply;
}
