import * as replies from '../../protocol/redis/replies/replies.ts';
import type { CommandSpec } from '../../protocol/redis/table/commands.ts';
import { REQUESTS_TOO_LARGE } from '../../stats/counters.ts';
import type { SpecialRequest } from '../routing/request.ts';
import { Words, wordCount } from './words.ts';

const LAST = -1;

/** Which word of a request is a script. */
const SCRIPT_WORD: Readonly<Record<string, number>> = {
  EVAL: 1,
  EVAL_RO: 1,
  'FUNCTION|LOAD': LAST,
  'SCRIPT|LOAD': LAST,
};

/**
 * The error for a script beyond `max_script`: a server serves nobody while it compiles one.
 * @returns null for a shorter one and for other commands
 */
export function scriptTooLong(request: SpecialRequest, { name }: CommandSpec): Buffer | null {
  const at = SCRIPT_WORD[name];
  if (at === undefined) return null;
  const { config, counters } = request.client.pool;
  if (request.length <= config.maxScript) return null;
  const index = at === LAST ? wordCount(request) - 1 : at;
  const words = Words.of(request, index + 1);
  if (words.readable <= index) return replies.TOO_MANY_ARGUMENTS;
  if (words.length(index) <= config.maxScript) return null;
  counters[REQUESTS_TOO_LARGE]++;
  return replies.error(`script is longer than max_script (${config.maxScript} bytes)`);
}
