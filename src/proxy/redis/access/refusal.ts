import { READS_AND_WRITES } from '../../../acl/access.ts';
import { type AclCommand, calledCommand, findAclCommand } from '../../../acl/commands.ts';
import { lowerWord, type RequestWords } from '../../../acl/judge/request-words.ts';
import {
  DENIED_CHANNEL,
  DENIED_COMMAND,
  DENIED_KEY,
  judge,
  judgeKeys,
  readsEverything,
  type Verdict,
} from '../../../acl/judge/verdict.ts';
import type { User } from '../../../acl/user.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import {
  arityFits,
  type CommandSpec,
  findSubcommand,
} from '../../../protocol/redis/table/commands.ts';
import { keyWords } from '../../../protocol/redis/table/key-words.ts';
import { NOT_PERMITTED } from '../../../stats/counters.ts';
import type { Pool } from '../../pool/pool.ts';
import type { SpecialRequest } from '../../routing/request.ts';
import { clientLine } from '../clients/client-lines.ts';
import { knownCommand } from '../unknown/known-commands.ts';
import { aclLogOf } from './acl-log.ts';
import { RequestTable } from './request-table.ts';

/** What is wrong with a request, if its user may not make it. */
interface Refusal {
  readonly reply: Buffer;
  readonly reason: number;
  /** The command, key or channel that is not allowed, latin1. */
  readonly object: string;
}

function refusalFor(name: string, { reason, word }: Verdict, words: RequestWords): Refusal | null {
  switch (reason) {
    case DENIED_COMMAND:
      return { reply: replies.noPermission(name), reason, object: name };
    case DENIED_KEY:
      return { reply: replies.NO_KEY_PERMISSION, reason, object: words.text(word) };
    case DENIED_CHANNEL:
      return { reply: replies.NO_CHANNEL_PERMISSION, reason, object: words.text(word) };
    default:
      return null;
  }
}

/** The command of a request, as rules know it; null when it is answered with its mistake. */
export function commandOf(spec: CommandSpec, words: RequestWords): AclCommand | null {
  const second = words.count > 1 ? words.text(1) : null;
  if (spec.handling === 'container' && second !== null) {
    const part = findSubcommand(spec, second);
    if (part === undefined || !arityFits(part.arity, words.count)) return null;
  }
  return calledCommand(spec.name, second) ?? findAclCommand(spec.name) ?? null;
}

/** BY and GET of SORT read keys that are no words of the request. */
function sortRefusal(user: User, command: AclCommand, words: RequestWords): Buffer | null {
  if (command.name !== 'sort' && command.name !== 'sort_ro') return null;
  let everything: boolean | null = null;
  for (let i = 2; i < words.count; i++) {
    const option = lowerWord(words, i);
    const left = words.count - i - 1;
    const denied = option === 'by' ? left > 0 && words.text(i + 1).includes('*') : option === 'get';
    // Whoever may read every key may name as many patterns as he likes: it is found out once.
    if (denied && left > 0) everything ??= readsEverything(user, command, words);
    if (denied && left > 0 && everything === false) {
      return replies.sortOptionDenied(option === 'by' ? 'BY' : 'GET');
    }
    if (option === 'limit') i += 2;
    else if (/^(by|get|store)$/.test(option)) i++;
  }
  return null;
}

/** A command that the table does not have: allowed to who may call what nobody knows yet. */
function refusalOfUnknown(pool: Pool, user: User, words: RequestWords): Refusal | null {
  const name = words.text(0);
  const known = knownCommand(pool, name.toUpperCase());
  // Without a row it is refused as unknown, unless a server is to be asked.
  if (known === undefined && !pool.config.askUnknownCommands) return null;
  const command = { ...UNKNOWN, name: name.toLowerCase() };
  const may = user.selectors.filter(({ future }) => future);
  if (may.some(({ allKeys }) => allKeys)) return null;
  const denied = { reason: may.length === 0 ? DENIED_COMMAND : DENIED_KEY, word: 0 };
  if (may.length === 0 || known === undefined || known.movable) {
    return refusalFor(command.name, denied, words);
  }
  const { keys } = keyWords(known.spec, words.count, (index) => words.text(index));
  const verdict = judgeKeys(user, command, words, (visit) => {
    for (const key of keys) if (!visit(key, READS_AND_WRITES)) return;
  });
  return refusalFor(command.name, verdict, words);
}

/** Stands for a command that nobody knows yet. */
const UNKNOWN: AclCommand = Object.freeze({
  ...{ id: -1, name: '', arity: -1, categories: 0, places: [], channels: 0 },
  ...{ isSubcommand: false, open: false, original: false },
});

function refusalOf(request: SpecialRequest, spec: CommandSpec | null, user: User): Refusal | null {
  const words = new RequestTable(request);
  if (words.count === 0) return null;
  if (spec === null) return refusalOfUnknown(request.client.pool, user, words);
  const command = commandOf(spec, words);
  if (command === null) return null;
  const refusal = refusalFor(command.name, judge(user, command, words), words);
  if (refusal !== null) return refusal;
  const reply = sortRefusal(user, command, words);
  return reply === null ? null : { reply, reason: DENIED_KEY, object: words.text(1) };
}

/**
 * Looks at one request closely, notes it when it is refused, and says why.
 * @param spec null = not in the table @param exec it was asked for before, and is to be sent now
 * @returns what to answer; null when the rules of its user allow it
 */
export function refusalByUser(
  request: SpecialRequest,
  spec: CommandSpec | null,
  exec: boolean = false,
): Buffer | null {
  const { client } = request;
  if (client.gate === null) return null;
  const refusal = refusalOf(request, spec, client.gate.user);
  if (refusal === null) return null;
  const { reply, reason, object } = refusal;
  client.pool.counters[NOT_PERMITTED]++;
  const inMulti = exec || client.session.transaction !== null;
  const denial = { reason, inMulti, object, user: client.login.user };
  aclLogOf(client.pool).add(denial, clientLine(client));
  return reply;
}
