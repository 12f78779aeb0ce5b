import { REASON_TEXT } from '../../limits.ts';
import { KeptReplies } from '../../protocol/line.ts';

export { REASON_INTERNAL } from '../engine/guard.ts';

/**
 * Error replies for requests whose server failed: twemproxy's texts, which are those of Linux
 * strerror (its EOF has no errno and is called "unknown").
 */
const TEXT_BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  ETIMEDOUT: 'Connection timed out',
  EPIPE: 'Broken pipe',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  EHOSTDOWN: 'Host is down',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EINVAL: 'Invalid argument',
  ENOTSOCK: 'Socket operation on non-socket',
  ENOTFOUND: 'Host is down',
  EAI_AGAIN: 'Host is down',
  EAI_FAIL: 'Host is down',
  EAI_NODATA: 'Host is down',
  EAI_NONAME: 'Host is down',
};

const CONTROLS = /\p{Cc}/gu;

export const REASON_EOF = 'unknown';
export const REASON_TIMEOUT = 'Connection timed out';
export const REASON_INVALID = 'Invalid argument';
export const REASON_TOO_MANY = 'max number of backend connections reached';
export const REASON_MOVED = 'its server is no longer the master';
export const REASON_REFUSED = 'Connection refused';

/** @returns the text for a system or resolver error */
export function failureReason(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return TEXT_BY_CODE[code] ?? reasonText(code === '' ? error.message : code);
}

/** Text that came from outside, to be kept or logged: cut, and without control characters. */
export function reasonText(text: string): string {
  const cut = text.length > REASON_TEXT ? `${text.slice(0, REASON_TEXT)}...` : text;
  return cut.replace(CONTROLS, ' ');
}

/** Codes of the resolver, which clients are told as a host that is down. */
const UNRESOLVED: ReadonlySet<string> = new Set([
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'],
]);

/** As failureReason(), with more for the log: a name that does not resolve, and why. */
export function failureCause(error: Error, host: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = failureReason(error);
  if (!UNRESOLVED.has(code)) return reason;
  return `${reason}: the name ${JSON.stringify(host)} does not resolve (${code})`;
}

const replies = new KeptReplies('-ERR ');

/** @returns `-ERR <reason>\r\n` */
export function failureReply(reason: string): Buffer {
  return replies.get(reason);
}
