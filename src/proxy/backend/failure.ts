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

export const REASON_EOF = 'unknown';
export const REASON_TIMEOUT = 'Connection timed out';
export const REASON_INVALID = 'Invalid argument';
export const REASON_TOO_MANY = 'max number of backend connections reached';
export const REASON_REFUSED = 'Connection refused';
/** ringway itself has a mistake. */
export const REASON_INTERNAL = 'internal error';

/** @returns the text for a system or resolver error */
export function failureReason(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return TEXT_BY_CODE[code] ?? (code === '' ? error.message : code);
}

const replies: Map<string, Buffer> = new Map();

/** @returns `-ERR <reason>\r\n`; the set of reasons is small, so replies are kept */
export function failureReply(reason: string): Buffer {
  let reply = replies.get(reason);
  if (reply === undefined) {
    reply = Buffer.from(`-ERR ${reason}\r\n`);
    replies.set(reason, reply);
  }
  return reply;
}
