import { arrayReply, bulkReply, bulkText } from '../../../protocol/redis/replies/encode.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  arityFits,
  type CommandSpec,
  findSubcommand,
} from '../../../protocol/redis/table/commands.ts';
import { answer, type SpecialRequest } from '../../routing/request.ts';
import { knownCommand } from '../unknown/known-commands.ts';
import { Words } from '../words.ts';
import { SUBSCRIBE, UNSUBSCRIBE } from './hub/kinds.ts';

/** What a client of RESP2 may ask while it has subscriptions. */
const ALLOWED: ReadonlySet<string> = new Set([...SUBSCRIBE, ...UNSUBSCRIBE, 'QUIT', 'RESET']);
/** Commands that have subcommands, though they are not told apart in the table. */
const CONTAINERS: ReadonlySet<string> = new Set([
  ...['CLUSTER', 'COMMAND', 'LATENCY', 'MODULE', 'SLOWLOG'],
]);

/** The command as Redis calls it; null when it has an error of its own. */
function fullName(words: Words, spec: CommandSpec): string | null {
  if (spec.handling === 'container') {
    const sub = findSubcommand(spec, words.readable > 1 ? words.text(1) : '');
    return sub === undefined || !arityFits(sub.arity, words.count) ? null : sub.name;
  }
  if (!CONTAINERS.has(spec.name) || words.readable < 2) return spec.name;
  return `${spec.name}|${words.text(1)}`;
}

/**
 * A request of a client of RESP2 that has subscriptions.
 * @param spec null when the command is not known @returns null when it is carried out as usual
 */
export function handleSubscribed(
  request: SpecialRequest,
  spec: CommandSpec | null,
  badArity: boolean,
): boolean | null {
  const { client } = request;
  const { pool } = client;
  const words = Words.of(request, 3);
  if (spec === null) {
    const name = words.readable === 0 ? '' : words.text(0).toUpperCase();
    const known = knownCommand(pool, name) !== undefined || pool.config.askUnknownCommands;
    return known ? answer(client, replies.onlySubscribed(name)) : null;
  }
  if (badArity || ALLOWED.has(spec.name)) return null;
  if (spec.name === 'PING') return ping(request, words);
  const name = fullName(words, spec);
  return name === null ? null : answer(client, replies.onlySubscribed(name));
}

/** A client that waits for messages takes nothing for a reply that does not look like one. */
function ping({ client }: SpecialRequest, words: Words): boolean {
  const { count } = words;
  if (count > 2) return answer(client, replies.wrongArity('PING'));
  const body = count === 1 ? bulkText('') : bulkReply(words.copy(1));
  return answer(client, arrayReply([bulkText('pong'), body]));
}
