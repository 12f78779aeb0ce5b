import { CLIENT_NAME_BYTES, CONFIG_GET_BYTES } from '../../../limits.ts';
import { LIMIT_KEY_BYTES } from '../../frame-table.ts';
import { KeptReplies, line } from '../../line.ts';

const failures = new KeptReplies('-ERR ');

/** @returns `-ERR <text>\r\n`, made once for each text */
export function failed(text: string): Buffer {
  return failures.get(text);
}

/** Replies that ringway gives itself, in Redis's words; where twemproxy answers, in twemproxy's. */
export const OK: Buffer = Buffer.from('+OK\r\n');
export const PONG: Buffer = Buffer.from('+PONG\r\n');
export const NO_AUTH: Buffer = Buffer.from('-NOAUTH Authentication required\r\n');
/** What Redis says where nutcracker says NO_AUTH. */
export const NO_AUTH_OF_REDIS: Buffer = Buffer.from('-NOAUTH Authentication required.\r\n');
export const INVALID_PASSWORD: Buffer = Buffer.from('-ERR invalid password\r\n');
export const WRONG_PASS: Buffer = Buffer.from(
  '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
);
export const NO_PASSWORD_SET: Buffer = Buffer.from(
  '-ERR Client sent AUTH, but no password is set\r\n',
);
export const NO_AUTH_FOR_HELLO: Buffer = Buffer.from(
  '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ' +
    '<proto> AUTH <user> <pass> option can be used to authenticate the client and select the ' +
    'RESP protocol version at the same time\r\n',
);
export const CLIENT_NAME: Buffer = Buffer.from(
  '-ERR Client names cannot contain spaces, newlines or special characters.\r\n',
);
export const RATE_LIMITED: Buffer = Buffer.from('-ERR rate limit reached, try again later\r\n');
export const TOO_MANY_LOGINS: Buffer = Buffer.from(
  '-ERR too many logins at once, try again later\r\n',
);
export const NESTED_MULTI: Buffer = Buffer.from('-ERR MULTI calls can not be nested\r\n');
export const WATCH_IN_MULTI: Buffer = Buffer.from('-ERR WATCH inside MULTI is not allowed\r\n');
export const NOT_IN_MULTI: Buffer = Buffer.from(
  '-ERR Command not allowed inside a transaction\r\n',
);
export const EXEC_ABORT: Buffer = Buffer.from(
  '-EXECABORT Transaction discarded because of previous errors.\r\n',
);
export const EXEC_ABORT_ARITY: Buffer = Buffer.from(
  "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n",
);
export const QUEUED: Buffer = Buffer.from('+QUEUED\r\n');
/** What EXEC says when nothing was asked for since MULTI. */
export const NOTHING_DONE: Buffer = Buffer.from('*0\r\n');
export const PATTERNS_TOO_LONG: Buffer = Buffer.from(
  `-ERR CONFIG GET of more than ${CONFIG_GET_BYTES} bytes\r\n`,
);
export const NO_PROTO: Buffer = Buffer.from('-NOPROTO unsupported protocol version\r\n');
export const RESET: Buffer = Buffer.from('+RESET\r\n');
export const REPLY_TOO_LARGE: Buffer = Buffer.from(
  '-ERR reply is larger than client_output_limit\r\n',
);
export const NOT_AN_INTEGER: Buffer = Buffer.from(
  '-ERR value is not an integer or out of range\r\n',
);
export const NOT_A_TIMEOUT: Buffer = Buffer.from(
  '-ERR timeout is not an integer or out of range\r\n',
);
export const NEGATIVE_TIMEOUT: Buffer = Buffer.from('-ERR timeout is negative\r\n');
/** Of numbers that WAITAOF is given. */
export const NOT_0_OR_1: Buffer = error('value is out of range, value must between 0 and 1');
export const NOT_POSITIVE: Buffer = error('value is out of range, must be positive');
/** A server that writes no file is waited for. */
export const KEEPS_NO_FILE: Buffer = error(
  'WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
);
export const UNBLOCKED: Buffer = Buffer.from('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
export const UNBLOCK_REASON: Buffer = Buffer.from(
  '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n',
);
export const DB_OUT_OF_RANGE: Buffer = Buffer.from('-ERR DB index is out of range\r\n');
export const TOO_MANY_LANES: Buffer = Buffer.from(
  '-ERR too many databases are in use on this proxy\r\n',
);
export const INVALID_CURSOR: Buffer = Buffer.from('-ERR invalid cursor\r\n');
export const NO_CLUSTER: Buffer = Buffer.from(
  '-ERR This instance has cluster support disabled\r\n',
);
export const INVALID_SLOT: Buffer = Buffer.from('-ERR Invalid or out of range slot\r\n');
export const NOT_ANNOUNCED: Buffer = Buffer.from(
  '-ERR the proxy has no address to tell; set announce in the configuration of the pool\r\n',
);
export const SLOT_NOT_SERVED: Buffer = Buffer.from('-CLUSTERDOWN Hash slot not served\r\n');
export const SLOT_SPLIT: Buffer = Buffer.from(
  '-TRYAGAIN Multiple keys request during rehashing of slot\r\n',
);
export const CROSS_SLOT: Buffer = Buffer.from(
  "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
);
export const SYNTAX_ERROR: Buffer = Buffer.from('-ERR syntax error\r\n');
export const COUNT_NOT_POSITIVE: Buffer = Buffer.from('-ERR COUNT must be > 0\r\n');
export const UNBALANCED_QUOTES: Buffer = Buffer.from(
  '-ERR Protocol error: unbalanced quotes in request\r\n',
);
export const UNFINISHED: Buffer = Buffer.from(
  '-ERR Protocol error: the request was not completed in time\r\n',
);
export const TOO_MANY_CLIENTS: Buffer = Buffer.from('-ERR max number of clients reached\r\n');
/** The pool refuses a command, by `deny_commands`. */
export function deniedCommand(name: string): Buffer {
  return line(`-NOPERM '${name.toLowerCase()}' is refused in this pool (deny_commands)`);
}

/** The rules of a user, in Redis's words. @param name lower case, `container|subcommand` */
export function noPermission(name: string): Buffer {
  return line(`-NOPERM this user has no permissions to run the '${name}' command`);
}

export const NO_KEY_PERMISSION: Buffer = Buffer.from(
  '-NOPERM this user has no permissions to access one of the keys used as arguments\r\n',
);
export const NO_CHANNEL_PERMISSION: Buffer = Buffer.from(
  '-NOPERM this user has no permissions to access one of the channels used as arguments\r\n',
);

/** EXEC of a client whose user may not do any more what it asked for: nothing is done. */
export const EXEC_RULES_CHANGED: Buffer = Buffer.from(
  '-EXECABORT Transaction discarded because of: ACLs rules changed between the moment the ' +
    'transaction was accumulated and the EXEC call\r\n',
);

/** An option of SORT that reads keys which are not words of the request. */
export function sortOptionDenied(option: 'BY' | 'GET'): Buffer {
  return line(`-ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
}

/** The one-word AUTH of a client whose default user needs no password. */
export const AUTH_WITHOUT_NEED: Buffer = Buffer.from(
  '-ERR AUTH <password> called without any password configured for the default user. Are you ' +
    'sure your configuration is correct?\r\n',
);

/** The pool refuses what may write. */
export function readOnlyPool(name: string): Buffer {
  return line(`-NOPERM '${name.toLowerCase()}' may write, and this pool is read-only (read_only)`);
}

export const PROTECTED_MODE: Buffer = Buffer.from(
  '-DENIED ringway is in protected mode: this pool asks for no password, and lets in clients ' +
    'of its own machine alone; client_auth, allow_clients or protected_mode changes that\r\n',
);

const NAME_LIMIT = 128;

function cString(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Client text made fit for an error line: cut, and visible where it stops. */
function quote(text: string): string {
  return text.slice(0, NAME_LIMIT).replace(/[\r\n\0]/g, ' ');
}

/** A name of the configuration as clients' texts are: one character per byte of its UTF-8. */
function nameBytes(name: string): string {
  return Buffer.from(name).toString('latin1');
}

/** An error reply of the usual kind. @param text latin1; line ends in it become blanks */
export function error(text: string): Buffer {
  return line(`-ERR ${text}`);
}

/**
 * In Redis's words: the name, and as many arguments as fit into 128 characters.
 * @param words the request, latin1
 */
export function unknownCommand(words: readonly string[]): Buffer {
  let args = '';
  for (let i = 1; i < words.length && args.length < NAME_LIMIT; i++) {
    args += `'${cString(words[i]).slice(0, NAME_LIMIT - args.length)}' `;
  }
  const name = cString(words[0]).slice(0, NAME_LIMIT);
  return error(`unknown command '${name}', with args beginning with: ${args}`);
}

/** @param name upper case; a subcommand as CONTAINER|SUBCOMMAND @param reason ends the sentence */
export function unsupported(name: string, reason: string): Buffer {
  return error(`'${name.toLowerCase().replace('|', ' ')}' is not supported by ringway: ${reason}`);
}

export const TOO_MANY_ARGUMENTS: Buffer = error('too many arguments');
export const KEY_TOO_LONG: Buffer = error(`key is longer than ${LIMIT_KEY_BYTES} bytes`);

export const NO_TOUCH: Buffer = unsupported(
  'CLIENT|NO-TOUCH',
  'a server connection is shared, so other clients would no longer touch their keys either',
);

/** An option of HELLO is cut short. @param command as Redis writes it @param option latin1 */
export function syntaxErrorIn(command: string, option: string): Buffer {
  return error(`Syntax error in ${command} option '${cString(option)}'`);
}

/** CLIENT SETINFO with an attribute that there is not. @param option latin1 */
export function unrecognizedOption(option: string): Buffer {
  return error(`Unrecognized option '${cString(option)}'`);
}

/** What a client calls itself, or its library, cannot be shown. @param what begins the sentence */
export function notAName(what: string): Buffer {
  return error(`${what} cannot contain spaces, newlines or special characters.`);
}

/** The same, with more than CLIENT_NAME_BYTES. @param what begins the sentence */
export function nameTooLong(what: string): Buffer {
  return error(`${what} cannot be longer than ${CLIENT_NAME_BYTES} bytes.`);
}

export const CLIENT_NAME_TOO_LONG: Buffer = nameTooLong('Client names');

/** INFO @server of one that the pool has not. @param name latin1 */
export function noSuchServer(name: string): Buffer {
  return error(`no server '${quote(name)}' in this pool`);
}

export const CHANNEL_TOO_LONG: Buffer = error(`channel is longer than ${LIMIT_KEY_BYTES} bytes`);
export const TOO_MANY_SUBSCRIPTIONS: Buffer = error('too many subscriptions (max_subscriptions)');
/** A server has not said in time that it sends the messages. */
export const NOT_SUBSCRIBED: Buffer = error('the subscription was not confirmed in time');
/** What all workers have is not known. */
export const WORKERS_SILENT: Buffer = error('another worker did not answer in time');

/** Of a client of RESP2 that has subscriptions. @param name as CONTAINER|SUBCOMMAND, any case */
export function onlySubscribed(name: string): Buffer {
  const text =
    `Can't execute '${quote(name).toLowerCase()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / ` +
    'PING / QUIT / RESET are allowed in this context';
  if (name !== 'EXEC') return error(text);
  return line(`-EXECABORT Transaction discarded because of: ${text}`);
}

/** A subcommand has too many words. @param name the second word, latin1 */
export function subcommandSyntax(container: string, name: string): Buffer {
  const shown = cString(name).slice(0, NAME_LIMIT);
  const what = `unknown subcommand or wrong number of arguments for '${shown}'`;
  return error(`${what}. Try ${container} HELP.`);
}

/** Another name of a command is refused with its option BLOCK. @param name upper case */
export function blockingForm(name: string): Buffer {
  return unsupported(`${name} ... BLOCK`, 'it may block under its own name only');
}

/** XREAD with an option of XREADGROUP. */
export function groupOnly(option: string): Buffer {
  return error(`The ${option} option is only supported by XREADGROUP. You called XREAD instead.`);
}

/** @param container upper case @param name the second word, latin1 */
export function unknownSubcommand(container: string, name: string): Buffer {
  const shown = cString(name).slice(0, NAME_LIMIT);
  return error(`unknown subcommand '${shown}'. Try ${container} HELP.`);
}

/** @param name EXEC or DISCARD */
export function noTransaction(name: string): Buffer {
  return error(`${name} without MULTI`);
}

/** EXEC carries nothing out. @param why an error of a server, without its "-", latin1 */
export function execAborted(why: string): Buffer {
  return line(`-EXECABORT Transaction discarded because of: ${why.replace(/^ERR /, '')}`);
}

/** A server took MULTI for something else. @param why its error, without the "-", latin1 */
export function notBegun(why: string): Buffer {
  return error(`the server did not begin the transaction (${why}); parts of it may have been done`);
}

/** @param name upper case; a subcommand as CONTAINER|SUBCOMMAND */
export function notInTransaction(name: string): Buffer {
  return error(
    `'${name.toLowerCase().replace('|', ' ')}' inside MULTI is not supported by ringway`,
  );
}

/** It concerns all servers. @param name upper case; a subcommand as CONTAINER|SUBCOMMAND */
export function oneServerOnly(name: string): Buffer {
  return error(
    `'${name.toLowerCase().replace('|', ' ')}' inside MULTI would reach one server only`,
  );
}

/** @param limit `max_transaction` of the pool */
export function transactionTooLarge(limit: number): Buffer {
  return error(`transaction is larger than max_transaction (${limit} bytes)`);
}

/** @param limit SELECTs that a transaction may have */
export function tooManySelects(limit: number): Buffer {
  return error(`more than ${limit} times SELECT inside MULTI`);
}

/** @param server its name in the configuration */
export function noLease(server: string): Buffer {
  return error(`no connection to ${nameBytes(server)} is free (max_leased_connections)`);
}

/** @param name upper case; a subcommand as CONTAINER|SUBCOMMAND */
export function wrongArity(name: string): Buffer {
  return error(`wrong number of arguments for '${name.toLowerCase()}' command`);
}

/** A key, latin1, and the name of the server that has it, as the configuration has it. */
export type PlacedKey = readonly [key: string, server: string];

/** A subcommand of CLUSTER that no proxy answers. */
export function administersNode(subcommand: string): Buffer {
  const name = quote(subcommand.toUpperCase());
  return line(`-ERR CLUSTER ${name} is not supported by ringway: it administers one node`);
}

/** A request whose slot has been on the move for too long. */
export function slotMoving(slot: number): Buffer {
  return line(`-TRYAGAIN slot ${slot} is moving`);
}

/**
 * Two keys that one server must have are apart.
 * @param tagged whether the pool has a hash_tag: without one no name of a key keeps them together
 */
export function crossServer(a: PlacedKey, b: PlacedKey, tagged: boolean): Buffer {
  const [one, other] = [a, b].map(([key, server]) => `'${quote(key)}' (${nameBytes(server)})`);
  const cure = tagged
    ? 'give them a common hash tag'
    : 'set hash_tag in the configuration of the pool and give them a common tag';
  return line(`-CROSSSERVER keys ${one} and ${other} live on different servers; ${cure}`);
}

/**
 * What one of several servers said, when the others said something else.
 * @param reply a complete error reply, whose code stays in front @param server its ring name
 */
export function serverSaid(server: string, reply: Buffer): Buffer {
  const said = reply.toString('latin1', 1, reply.length - 2);
  const space = said.indexOf(' ');
  const code = /^[A-Z]+ /.test(said) ? said.slice(0, space) : 'ERR';
  const text = code === 'ERR' && !said.startsWith('ERR ') ? said : said.slice(space + 1);
  return line(`-${code} ${nameBytes(server)} did not do it: ${text}`);
}

/** Replies that had to be equal are not. @param server @param other ring names */
export function disagree(server: string, other: string): Buffer {
  const both = `${nameBytes(server)} and ${nameBytes(other)}`;
  return error(`the servers do not agree: ${both} answer differently`);
}

/** @param name FLUSHALL or FLUSHDB */
export function flushRefused(name: string): Buffer {
  return unsupported(name, 'set allow_flush to true in the configuration of the pool');
}

/** Of CONFIG SET: a parameter that clients of the pool may not set. */
export const CONFIG_SET_REFUSED: Buffer = unsupported(
  'CONFIG|SET',
  'name the parameter in allow_config_set in the configuration of the pool',
);

/** The proxy's clock as TIME gives it: seconds and microseconds. */
export function time(): Buffer {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const seconds = String(Math.floor(micros / 1e6));
  const rest = String(micros % 1e6);
  return Buffer.from(`*2\r\n$${seconds.length}\r\n${seconds}\r\n$${rest.length}\r\n${rest}\r\n`);
}
