import { KeptReplies, line } from '../line.ts';

/** Replies that ringway gives itself, in memcached's words. */
export const ERROR: Buffer = Buffer.from('ERROR\r\n');
export const END: Buffer = Buffer.from('END\r\n');
export const OK: Buffer = Buffer.from('OK\r\n');
export const RESET: Buffer = Buffer.from('RESET\r\n');
export const META_NO_OP: Buffer = Buffer.from('MN\r\n');
export const BAD_FORMAT: Buffer = Buffer.from('CLIENT_ERROR bad command line format\r\n');
export const BAD_DATA_CHUNK: Buffer = Buffer.from('CLIENT_ERROR bad data chunk\r\n');
export const BAD_BASE64: Buffer = Buffer.from('CLIENT_ERROR error decoding key\r\n');
export const BAD_FLAG: Buffer = Buffer.from('CLIENT_ERROR invalid or duplicate flag\r\n');
export const FLAGS_TOO_LONG: Buffer = Buffer.from('CLIENT_ERROR options flags too long\r\n');
/** The same, as mg words it. */
export const MG_FLAGS_TOO_LONG: Buffer = Buffer.from('CLIENT_ERROR options flags are too long\r\n');
export const LINE_TOO_LONG: Buffer = Buffer.from('CLIENT_ERROR line too long\r\n');
/** What a memcached started with `-F` says. */
export const FLUSH_REFUSED: Buffer = Buffer.from('CLIENT_ERROR flush_all not allowed\r\n');
export const BAD_EXPTIME: Buffer = Buffer.from('CLIENT_ERROR invalid exptime argument\r\n');
export const TOO_MANY_CLIENTS: Buffer = Buffer.from('ERROR Too many open connections\r\n');
export const PROTECTED_MODE: Buffer = Buffer.from(
  'SERVER_ERROR protected mode lets in clients of this machine; allow_clients changes that\r\n',
);

const serverErrors = new KeptReplies('SERVER_ERROR ');

/** @returns `SERVER_ERROR <text>\r\n` */
export function serverError(text: string): Buffer {
  return serverErrors.get(text);
}

/** One line of a `stats` reply, latin1. */
export function statLine(name: string, value: string | number): string {
  return line(`STAT ${name} ${value}`).toString('latin1');
}
