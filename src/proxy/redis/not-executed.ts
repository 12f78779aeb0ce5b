import { readSmallInteger } from '../../protocol/redis/replies/integers.ts';
import { COMMAND_INDEX, COMMANDS } from '../../protocol/redis/table/commands.ts';
import {
  EXECUTED,
  NOT_EXECUTED,
  NOT_EXECUTED_REPLICA,
  REPEAT_NEVER,
  REPEAT_READ,
  REPEAT_REFUSED,
} from '../backend/server-protocol.ts';

/** First words of the errors that Redis gives before it begins to execute a command. */
const REFUSALS: readonly (readonly [word: Buffer, meaning: number])[] = [
  [Buffer.from('-READONLY '), NOT_EXECUTED_REPLICA],
  [Buffer.from('-LOADING '), NOT_EXECUTED],
  [Buffer.from('-MASTERDOWN '), NOT_EXECUTED],
  [Buffer.from('-NOREPLICAS '), NOT_EXECUTED],
  [Buffer.from('-CLUSTERDOWN The cluster is down'), NOT_EXECUTED],
];

/** A script says what it likes, also after it has written. */
const SCRIPTS = /^(EVAL|FCALL)/;
/** No command of the table has a longer name. */
const LONGEST_NAME = 32;
const CR = 0x0d;

/** What an error line at [start, start + length) says: EXECUTED, NOT_EXECUTED(_REPLICA). */
export function refusal(memory: Buffer, start: number, length: number): number {
  for (const [word, meaning] of REFUSALS) {
    if (length < word.length) continue;
    if (memory.compare(word, 0, word.length, start, start + word.length) === 0) return meaning;
  }
  return EXECUTED;
}

/**
 * Whether a request may be sent again: REPEAT_NEVER, REPEAT_REFUSED, REPEAT_READ.
 * @param request as it was sent to a server, always multibulk
 */
export function repeatable(request: Buffer): number {
  const spec = COMMANDS[COMMAND_INDEX.get(nameOf(request)) ?? 0];
  if (SCRIPTS.test(spec.name)) return REPEAT_NEVER;
  if (spec.access === 'r') return REPEAT_READ;
  return spec.access === 'w' ? REPEAT_REFUSED : REPEAT_NEVER;
}

/** @returns the command in upper case; empty when it is none that could be known */
function nameOf(request: Buffer): string {
  const head = request.indexOf(CR) + 2;
  const end = request.indexOf(CR, head);
  if (head < 2 || end < 0) return '';
  const length = readSmallInteger(request, head + 1, end);
  if (!(length <= LONGEST_NAME)) return '';
  return request.toString('latin1', end + 2, end + 2 + length).toUpperCase();
}
