import { ACL_COMMANDS } from '../../src/acl/commands.ts';
import { describeUser } from '../../src/acl/describe.ts';
import { dryRun } from '../../src/acl/judge/dry-run.ts';
import type { RequestWords } from '../../src/acl/judge/request-words.ts';
import { readUsers } from '../../src/acl/read-users.ts';
import type { User } from '../../src/acl/user.ts';
import { type Reply, ReplyError, type RespClient } from '../support/resp-client.ts';
import { RandomRules } from './random-rules.ts';

// Random users and requests, judged by the rules and by a real Redis: what `ACL DRYRUN` says, and
// what becomes of the request when the user makes it.

/** Words that stand one behind the other. */
export function wordsOf(words: readonly string[]): RequestWords {
  const bytes = Buffer.from(words.join(''), 'latin1');
  const starts = words.map((_, i) => words.slice(0, i).join('').length);
  return {
    count: words.length,
    bytes,
    startOf: (index) => starts[index],
    lengthOf: (index) => words[index].length,
    text: (index) => words[index],
  };
}

/** What ACL DRYRUN of Redis 7.0 says to it. */
function dryRunText(user: User, words: readonly string[]): string {
  const { isError, text } = dryRun(user, wordsOf(words));
  return isError ? `ERR ${text}` : text;
}

/** Commands that this Redis does not have. */
export const LATER: ReadonlySet<string> = new Set(
  ACL_COMMANDS.filter(({ original }) => !original).map(({ name }) => name),
);

/** Redis tells single commands in the order of a hash table. */
function sorted(description: string): string {
  const words = description.split(/(?<=[ (])|(?=[ )])/).filter((word) => word.trim() !== '');
  return words
    .filter((word) => !LATER.has(word.slice(1)))
    .sort()
    .join(' ');
}

function textOf(reply: Reply): string {
  if (reply instanceof ReplyError) return reply.message;
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : String(reply);
}

/** Ends, stops or changes the server, waits, or is not one request with one reply. */
export const NOT_EXECUTED: RegExp = new RegExp(
  `^(${[
    ...['shutdown', 'debug', 'monitor', 'sync', 'psync', 'replconf', 'slaveof', 'replicaof'],
    ...['failover', 'migrate', 'save', 'bg', 'module', 'acl', 'auth', 'hello', 'quit', 'reset'],
    ...['client', 'config', 'script', 'function', 'flush', '[sp]?(un)?subscribe', 'multi', 'exec'],
    ...['discard', 'watch', 'wait', 'b[lrz]', 'xread', 'select', 'swapdb', 'latency', 'pf(s|d)'],
    ...['cluster', 'restore-asking', 'memory', 'slowlog', 'info', 'command', 'lolwut', 'keys'],
  ].join('|')})`,
);

/** Words that hide a key from Redis: it looks for the option where a value stands. */
function hidesKeys([name, ...words]: readonly string[]): boolean {
  const texts = words.map((word) => word.toUpperCase());
  if (/^xread/i.test(name)) return true;
  const stores = texts.filter((word) => /^STORE(DIST)?$/.test(word)).length;
  return /^(georadius|sort)/i.test(name) && stores > 1;
}

export interface OracleCounts {
  users: number;
  refusedUsers: number;
  verdicts: number;
  allowed: number;
  executed: number;
  /** Requests that hide keys: ringway may be stricter. */
  stricter: number;
  readonly differences: string[];
}

/** Compares `count` verdicts. @param admin may do everything @param client is anybody */
export async function compareVerdicts(
  admin: RespClient,
  client: RespClient,
  count: number,
  seed: number,
): Promise<OracleCounts> {
  const counts: OracleCounts = {
    ...{ users: 0, refusedUsers: 0, verdicts: 0, allowed: 0, executed: 0, stricter: 0 },
    differences: [],
  };
  const random = new RandomRules(seed);
  const differ = (what: string): void => void counts.differences.push(what);
  while (counts.verdicts < count) {
    const rules = random.user();
    const set = textOf(await admin.command('ACL', 'SETUSER', 'u', 'reset', ...rules));
    let mistake = 'OK';
    const line = {
      text: `u reset ${rules.join(' ')}`,
      onMistake: (text: string) => (mistake = text),
    };
    const [user] = readUsers([line], false);
    if (set !== mistake && `ERR ${mistake}` !== set)
      differ(`${rules.join(' ')}: ${set} / ${mistake}`);
    counts.users++;
    if (user === undefined) {
      counts.refusedUsers++;
      continue;
    }
    const list = (await admin.command('ACL', 'LIST')) as Buffer[];
    const shown = list.map(textOf).find((each) => each.startsWith('user u ')) ?? '';
    if (sorted(shown) !== sorted(describeUser(user))) differ(`${shown} / ${describeUser(user)}`);
    await client.command('AUTH', 'u', 'x');
    await compareRequests(admin, client, user, random, counts);
  }
  return counts;
}

const PER_USER = 50;

async function compareRequests(
  admin: RespClient,
  client: RespClient,
  user: User,
  random: RandomRules,
  counts: OracleCounts,
): Promise<void> {
  const requests = Array.from({ length: PER_USER }, () => random.request());
  const said = await Promise.all(
    requests.map((words) => admin.command('ACL', 'DRYRUN', 'u', ...words)),
  );
  const run = requests.filter(([name]) => !NOT_EXECUTED.test(name));
  const replies = await Promise.all(run.map((words) => client.command(...words)));
  for (const [i, words] of requests.entries()) {
    const own = dryRunText(user, words);
    counts.verdicts++;
    if (own === 'OK') counts.allowed++;
    const theirs = textOf(said[i]);
    if (own === theirs) continue;
    if (hidesKeys(words) && own !== 'OK') counts.stricter++;
    else counts.differences.push(`${describeUser(user)}: ${words.join(' ')}: ${theirs} / ${own}`);
  }
  for (const [i, words] of run.entries()) {
    counts.executed++;
    const refused = /^NOPERM/.test(textOf(replies[i]));
    const own = dryRunText(user, words);
    if (refused === own.startsWith('This user')) continue;
    if (hidesKeys(words) && !refused) continue;
    counts.differences.push(`executed ${words.join(' ')}: ${textOf(replies[i])} / ${own}`);
  }
}
