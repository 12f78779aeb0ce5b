import { arityFits } from '../../protocol/redis/table/commands.ts';
import { calledCommand } from '../commands.ts';
import type { User } from '../user.ts';
import type { RequestWords } from './request-words.ts';
import { ALLOWED, DENIED_COMMAND, DENIED_KEY, judge } from './verdict.ts';

/** What ACL DRYRUN says: the text of an error, or of a reply. */
export interface DryRun {
  readonly isError: boolean;
  readonly text: string;
}

function error(text: string): DryRun {
  return { isError: true, text };
}

/** A C string, as Redis prints it. */
function untilNul(text: string): string {
  return text.split('\0', 1)[0];
}

/** What would become of a request, in the words of Redis. @param words at least one */
export function dryRun(user: User, words: RequestWords): DryRun {
  const command = calledCommand(words.text(0), words.count > 1 ? words.text(1) : null);
  if (command === undefined) return error(`Command '${untilNul(words.text(0))}' not found`);
  if (!arityFits(command.arity, words.count)) {
    return error(`wrong number of arguments for '${command.name}' command`);
  }
  const { reason, word } = judge(user, command, words);
  if (reason === ALLOWED) return { isError: false, text: 'OK' };
  const denied = 'This user has no permissions to';
  if (reason === DENIED_COMMAND) {
    return { isError: false, text: `${denied} run the '${command.name}' command` };
  }
  const kind = reason === DENIED_KEY ? 'key' : 'channel';
  return { isError: false, text: `${denied} access the '${untilNul(words.text(word))}' ${kind}` };
}
