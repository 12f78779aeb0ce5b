import { randomBytes } from 'node:crypto';
import { CATEGORIES, categoryBit } from '../../../acl/categories.ts';
import { ACL_COMMANDS } from '../../../acl/commands.ts';
import {
  channelRules,
  commandRules,
  describeUser,
  flagsOf,
  keyRules,
} from '../../../acl/describe.ts';
import { dryRun } from '../../../acl/judge/dry-run.ts';
import type { Selector } from '../../../acl/selector.ts';
import type { User } from '../../../acl/user.ts';
import { Users } from '../../../acl/users.ts';
import {
  arrayReply,
  bulkText,
  doubleReply,
  helpReply,
  integerReply,
  mapReply,
  nullReply,
  setReply,
} from '../../../protocol/redis/replies/encode.ts';
import { isIntegerWord } from '../../../protocol/redis/replies/integers.ts';
import * as replies from '../../../protocol/redis/replies/replies.ts';
import type { RespVersion } from '../../backend/lane.ts';
import type { ClientConnection } from '../../client/client-connection.ts';
import { wallMillis } from '../../engine/clock.ts';
import { laneOf } from '../../pool/lanes.ts';
import { answer } from '../../routing/request.ts';
import { type AclLogEntry, aclLogOf, REASONS } from '../access/acl-log.ts';
import { RequestTable } from '../access/request-table.ts';
import type { Local } from '../words.ts';

/** Entries that LOG gives without a number. */
const DEFAULT_ENTRIES = 10;
const DEFAULT_BITS = 256;
const MOST_BITS = 4096;

const HELP = [
  'ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CAT [<category>]',
  '    List all commands that belong to <category>, or all command categories',
  '    when no category is specified.',
  'DRYRUN <username> <command> [<arg> ...]',
  '    Returns whether the user can execute the given command without executing the command.',
  'GETUSER <username>',
  "    Get the user's details.",
  'GENPASS [<bits>]',
  '    Generate a secure 256-bit user password. The optional `bits` argument can',
  '    be used to specify a different size.',
  'LIST',
  '    Show users details in config file format.',
  'LOG [<count> | RESET]',
  '    Show the ACL log entries of this process.',
  'USERS',
  '    List all the registered usernames.',
  'WHOAMI',
  '    Return the current connection username.',
  'HELP',
  '    Prints this help.',
];

/** Where the configuration names no user there is one, whose password is not told. */
const NO_USERS = new Users([]);

function usersOf({ pool }: ClientConnection): Users {
  return pool.config.users ?? NO_USERS;
}

type Field = [key: Buffer, value: Buffer];

function selectorFields(selector: Selector): Field[] {
  return [
    [bulkText('commands'), bulkText(commandRules(selector))],
    [bulkText('keys'), bulkText(keyRules(selector))],
    [bulkText('channels'), bulkText(channelRules(selector))],
  ];
}

function userReply(user: User, resp: RespVersion): Buffer {
  const texts = (all: readonly string[]): Buffer[] => all.map(bulkText);
  const others = user.others.map((selector) => mapReply(selectorFields(selector), resp));
  const fields: Field[] = [
    [bulkText('flags'), setReply(texts(flagsOf(user)), resp)],
    [bulkText('passwords'), arrayReply(texts(user.passwords))],
    ...selectorFields(user.root),
    [bulkText('selectors'), arrayReply(others)],
  ];
  return mapReply(fields, resp);
}

const getUser: Local = ({ client }, words) => {
  const user = usersOf(client).find(words.text(2));
  const { resp } = laneOf(client);
  return answer(client, user === undefined ? nullReply(resp) : userReply(user, resp));
};

const cat: Local = ({ client }, words) => {
  if (words.count > 3) return answer(client, replies.subcommandSyntax('ACL', words.text(1)));
  if (words.count === 2) return answer(client, arrayReply(CATEGORIES.map(bulkText)));
  const bit = categoryBit(words.text(2));
  if (bit === 0) {
    const name = words.text(2).slice(0, 128);
    return answer(client, replies.error(`Unknown category '${name}'`));
  }
  const names = ACL_COMMANDS.filter(({ categories }) => (categories & bit) !== 0);
  return answer(client, arrayReply(names.map(({ name }) => bulkText(name))));
};

const dryRunCommand: Local = (request, words) => {
  const { client } = request;
  const name = words.text(2);
  const user = usersOf(client).find(name);
  if (user === undefined) return answer(client, replies.error(`User '${name}' not found`));
  const { isError, text } = dryRun(user, new RequestTable(request, 3));
  if (isError) return answer(client, replies.error(text));
  return answer(client, text === 'OK' ? replies.OK : bulkText(text));
};

const genPass: Local = ({ client }, words) => {
  const text = words.count > 2 ? words.text(2) : String(DEFAULT_BITS);
  if (words.count > 3) return answer(client, replies.subcommandSyntax('ACL', words.text(1)));
  if (!isIntegerWord(text)) return answer(client, replies.NOT_AN_INTEGER);
  const bits = Number(text);
  if (bits <= 0 || bits > MOST_BITS) {
    const range = `a positive number up to ${MOST_BITS}`;
    const what = 'ACL GENPASS argument must be the number of bits for the output password';
    return answer(client, replies.error(`${what}, ${range}`));
  }
  const digits = Math.ceil(bits / 4);
  const password = randomBytes(Math.ceil(digits / 2))
    .toString('hex')
    .slice(0, digits);
  return answer(client, bulkText(password));
};

function entryReply(entry: AclLogEntry, now: number, resp: RespVersion): Buffer {
  const fields: Field[] = [
    [bulkText('count'), integerReply(entry.count)],
    [bulkText('reason'), bulkText(REASONS[entry.reason] ?? 'unknown')],
    [bulkText('context'), bulkText(entry.inMulti ? 'multi' : 'toplevel')],
    [bulkText('object'), bulkText(entry.object)],
    [bulkText('username'), bulkText(entry.user)],
    [bulkText('age-seconds'), doubleReply((now - entry.at) / 1000, resp)],
    [bulkText('client-info'), bulkText(entry.client)],
  ];
  return mapReply(fields, resp);
}

const logCommand: Local = ({ client }, words) => {
  const log = aclLogOf(client.pool);
  const text = words.count > 2 ? words.text(2) : String(DEFAULT_ENTRIES);
  if (words.count > 3) return answer(client, replies.subcommandSyntax('ACL', words.text(1)));
  if (text.toUpperCase() === 'RESET') {
    log.reset();
    return answer(client, replies.OK);
  }
  if (!isIntegerWord(text)) return answer(client, replies.NOT_AN_INTEGER);
  const [now, { resp }] = [wallMillis(), laneOf(client)];
  const entries = log.entries.slice(0, Math.max(0, Number(text)));
  return answer(client, arrayReply(entries.map((entry) => entryReply(entry, now, resp))));
};

/** The subcommands of ACL that ringway answers itself. */
export const ACL_LOCAL_COMMANDS: Readonly<Record<string, Local>> = {
  'ACL|CAT': cat,
  'ACL|DRYRUN': dryRunCommand,
  'ACL|GENPASS': genPass,
  'ACL|GETUSER': getUser,
  'ACL|HELP': ({ client }) => answer(client, helpReply(HELP)),
  'ACL|LIST': ({ client }) =>
    answer(client, arrayReply(usersOf(client).list.map((user) => bulkText(describeUser(user))))),
  'ACL|LOG': logCommand,
  'ACL|USERS': ({ client }) =>
    answer(client, arrayReply(usersOf(client).list.map(({ name }) => bulkText(name)))),
  'ACL|WHOAMI': ({ client }) => answer(client, bulkText(client.login.user)),
};
