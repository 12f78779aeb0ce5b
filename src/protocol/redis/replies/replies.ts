/** Replies that ringway gives itself, in Redis's words; where twemproxy answers, in twemproxy's. */
export const OK: Buffer = Buffer.from('+OK\r\n');
export const PONG: Buffer = Buffer.from('+PONG\r\n');
export const NO_AUTH: Buffer = Buffer.from('-NOAUTH Authentication required\r\n');
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
export const NO_PROTO: Buffer = Buffer.from('-NOPROTO unsupported protocol version\r\n');
export const RESET: Buffer = Buffer.from('+RESET\r\n');
export const REPLY_TOO_LARGE: Buffer = Buffer.from(
  '-ERR reply is larger than client_output_limit\r\n',
);
export const NOT_AN_INTEGER: Buffer = Buffer.from(
  '-ERR value is not an integer or out of range\r\n',
);
export const DB_OUT_OF_RANGE: Buffer = Buffer.from('-ERR DB index is out of range\r\n');
export const TOO_MANY_LANES: Buffer = Buffer.from(
  '-ERR too many databases are in use on this proxy\r\n',
);
export const INVALID_CURSOR: Buffer = Buffer.from('-ERR invalid cursor\r\n');
export const NO_CLUSTER: Buffer = Buffer.from(
  '-ERR This instance has cluster support disabled\r\n',
);
export const SYNTAX_ERROR: Buffer = Buffer.from('-ERR syntax error\r\n');
export const UNBALANCED_QUOTES: Buffer = Buffer.from(
  '-ERR Protocol error: unbalanced quotes in request\r\n',
);
export const UNFINISHED: Buffer = Buffer.from(
  '-ERR Protocol error: the request was not completed in time\r\n',
);
export const TOO_MANY_CLIENTS: Buffer = Buffer.from('-ERR max number of clients reached\r\n');

const NAME_LIMIT = 128;

function cString(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** Client text made fit for an error line: cut, and without line ends. */
function quote(text: string): string {
  return text.slice(0, NAME_LIMIT).replace(/[\r\n\0]/g, ' ');
}

export function error(text: string): Buffer {
  return Buffer.from(`-ERR ${text}\r\n`, 'latin1');
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
  return error(oneLine(`unknown command '${name}', with args beginning with: ${args}`));
}

/** @param name upper case; a subcommand as CONTAINER|SUBCOMMAND */
export function unsupported(name: string, reason: string): Buffer {
  return error(`'${name.toLowerCase().replace('|', ' ')}' is not supported by ringway: ${reason}`);
}

export const NO_TOUCH: Buffer = unsupported(
  'CLIENT|NO-TOUCH',
  'a server connection is shared, so other clients would no longer touch their keys either',
);

export function syntaxErrorIn(command: string, option: string): Buffer {
  return error(oneLine(`Syntax error in ${command} option '${cString(option)}'`));
}

export function unrecognizedOption(option: string): Buffer {
  return error(oneLine(`Unrecognized option '${cString(option)}'`));
}

export function notAName(what: string): Buffer {
  return error(`${what} cannot contain spaces, newlines or special characters.`);
}

export function noSuchServer(name: string): Buffer {
  return error(`no server '${quote(name)}' in this pool`);
}

export function blockingForm(name: string): Buffer {
  return unsupported(`${name} ... BLOCK`, 'it blocks a connection that many clients share');
}

export function unknownSubcommand(container: string, name: string): Buffer {
  const shown = cString(name).slice(0, NAME_LIMIT);
  return error(oneLine(`unknown subcommand '${shown}'. Try ${container} HELP.`));
}

/** @param name upper case; a subcommand as CONTAINER|SUBCOMMAND */
export function wrongArity(name: string): Buffer {
  return error(`wrong number of arguments for '${name.toLowerCase()}' command`);
}

/** Several keys that one server must have are spread. */
export function crossServer(a: string, serverA: string, b: string, serverB: string): Buffer {
  const keys = `'${quote(a)}' (${serverA}) and '${quote(b)}' (${serverB})`;
  return Buffer.from(
    `-CROSSSERVER keys ${keys} live on different servers; give them a common hash tag\r\n`,
    'latin1',
  );
}

/** What one of several servers said, when the others said something else. */
export function serverSaid(server: string, reply: Buffer): Buffer {
  const line = reply.toString('latin1', 1, reply.length - 2);
  const space = line.indexOf(' ');
  const code = /^[A-Z]+ /.test(line) ? line.slice(0, space) : 'ERR';
  const text = code === 'ERR' && !line.startsWith('ERR ') ? line : line.slice(space + 1);
  return Buffer.from(`-${code} ${server} did not do it: ${text}\r\n`, 'latin1');
}

export function disagree(server: string, other: string): Buffer {
  return error(`the servers do not agree: ${server} and ${other} answer differently`);
}

export function flushRefused(name: string): Buffer {
  return unsupported(name, 'set allow_flush to true in the configuration of the pool');
}

/** The proxy's clock as TIME gives it: seconds and microseconds. */
export function time(): Buffer {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const seconds = String(Math.floor(micros / 1e6));
  const rest = String(micros % 1e6);
  return Buffer.from(`*2\r\n$${seconds.length}\r\n${seconds}\r\n$${rest.length}\r\n${rest}\r\n`);
}
