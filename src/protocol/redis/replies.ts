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
export const SYNTAX_ERROR: Buffer = Buffer.from('-ERR syntax error\r\n');
export const UNBALANCED_QUOTES: Buffer = Buffer.from(
  '-ERR Protocol error: unbalanced quotes in request\r\n',
);
export const UNFINISHED: Buffer = Buffer.from(
  '-ERR Protocol error: the request was not completed in time\r\n',
);
export const TOO_MANY_CLIENTS: Buffer = Buffer.from('-ERR max number of clients reached\r\n');

const NAME_LIMIT = 128;

/** Client text made fit for an error line: cut, and without line ends. */
function quote(text: string): string {
  return text.slice(0, NAME_LIMIT).replace(/[\r\n\0]/g, ' ');
}

export function error(text: string): Buffer {
  return Buffer.from(`-ERR ${text}\r\n`, 'latin1');
}

/** @param name as the client wrote it, latin1 */
export function unknownCommand(name: string): Buffer {
  return error(`unknown or unsupported command '${quote(name)}'`);
}

export function unknownSubcommand(container: string, name: string): Buffer {
  return error(`unknown subcommand '${quote(name)}'. Try ${container} HELP.`);
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

/** The proxy's clock as TIME gives it: seconds and microseconds. */
export function time(): Buffer {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const seconds = String(Math.floor(micros / 1e6));
  const rest = String(micros % 1e6);
  return Buffer.from(`*2\r\n$${seconds.length}\r\n${seconds}\r\n$${rest.length}\r\n${rest}\r\n`);
}
