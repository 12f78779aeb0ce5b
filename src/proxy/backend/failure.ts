import { REASON_TEXT } from '../../limits.ts';
import {
  SERVER_EOF,
  SERVER_ERR,
  SERVER_TIMEDOUT,
  type ServerCounter,
} from '../../stats/counters.ts';

// Why requests to a server fail. Decisions look at these numbers; texts are made where they leave:
// in a client's reply, in a line of the log.

/** The server closed the connection. */
export const FAILURE_EOF = 0;
/** It did not answer in time, or not at all. */
export const FAILURE_TIMEOUT = 1;
/** It said what is no reply, or not one to what it was asked. */
export const FAILURE_INVALID = 2;
/** There was no connection, and no reason is known; or no server has the key. */
export const FAILURE_REFUSED = 3;
/** The pool has as many connections as it may. */
export const FAILURE_TOO_MANY = 4;
/** A mistake of ringway's own. */
export const FAILURE_INTERNAL = 5;
/** The server does not grant what the connection needs first: a login, a database. */
export const FAILURE_NOT_GRANTED = 6;
/** An error of the system or the resolver. */
export const FAILURE_SYSTEM = 7;
/** TLS was not agreed on, or the server is not who it should be. */
export const FAILURE_TLS = 8;

/** The server is no longer the master of its keys. */
export const FAILURE_MOVED = 9;

/** No node of the cluster has the slot of its key. */
export const FAILURE_UNOWNED = 10;

/** Why requests got an error: a number to decide by, and what only texts need. */
export interface Failure {
  /** One of FAILURE_*. */
  readonly code: number;
  /**
   * Of FAILURE_SYSTEM the name of the error, of FAILURE_NOT_GRANTED what the server said, of
   * FAILURE_TLS, and FAILURE_TIMEOUT within its handshake, what the log is told besides.
   */
  readonly detail: string;
}

/** twemproxy's texts, which are those of Linux strerror; its EOF has no errno. */
const TEXTS: readonly string[] = [
  'unknown',
  'Connection timed out',
  'Invalid argument',
  'Connection refused',
  'max number of backend connections reached',
  'internal error',
];

const PLAIN: readonly Failure[] = TEXTS.map((_, code) => ({ code, detail: '' }));

const SYSTEM_TEXTS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset by peer'],
  ['EPIPE', 'Broken pipe'],
  ['ENOENT', 'No such file or directory'],
  ['EACCES', 'Permission denied'],
  ['EPERM', 'Operation not permitted'],
  ['EHOSTUNREACH', 'No route to host'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['EHOSTDOWN', 'Host is down'],
  ['EMFILE', 'Too many open files'],
  ['ENFILE', 'Too many open files in system'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EINVAL', 'Invalid argument'],
  ['ENOTSOCK', 'Socket operation on non-socket'],
]);

/** Errors of the resolver, which clients are told as a host that is down. */
const UNRESOLVED: ReadonlySet<string> = new Set([
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'],
]);

/** They say nothing against the server. */
const BLAMELESS = [...[FAILURE_INTERNAL, FAILURE_NOT_GRANTED, FAILURE_MOVED], FAILURE_UNOWNED];

export const MOVED: Failure = {
  code: FAILURE_MOVED,
  detail: 'its server is no longer the master',
};

export const UNOWNED: Failure = { code: FAILURE_UNOWNED, detail: 'no node has its slot' };

const CONTROLS = /\p{Cc}/gu;

/** @param code one that needs no detail: up to FAILURE_INTERNAL */
export function failureOf(code: number): Failure {
  return PLAIN[code];
}

/** What an error of a socket or of the resolver means. */
export function systemFailure(error: Error): Failure {
  const errno = (error as NodeJS.ErrnoException).code ?? '';
  if (errno === 'ETIMEDOUT') return failureOf(FAILURE_TIMEOUT);
  return { code: FAILURE_SYSTEM, detail: reasonText(errno === '' ? error.message : errno) };
}

/** @param said the error of the server, without its `-` */
export function notGranted(said: string): Failure {
  return { code: FAILURE_NOT_GRANTED, detail: said };
}

/** @returns the server's counter of such losses, null when the server is not to blame */
export function counterOf({ code }: Failure): ServerCounter | null {
  if (code === FAILURE_EOF) return SERVER_EOF;
  if (code === FAILURE_TIMEOUT) return SERVER_TIMEDOUT;
  return BLAMELESS.includes(code) ? null : SERVER_ERR;
}

/** What clients are told. */
export function failureText({ code, detail }: Failure): string {
  if (code === FAILURE_TLS) return TLS_TEXT;
  if (code !== FAILURE_SYSTEM) return TEXTS[code] ?? detail;
  return UNRESOLVED.has(detail) ? 'Host is down' : (SYSTEM_TEXTS.get(detail) ?? detail);
}

/** What the log is told: of a name that does not resolve, or of TLS, what and why. */
export function failureCause(failure: Failure, host: string): string {
  const { code, detail } = failure;
  if (code === FAILURE_EOF) return EOF_CAUSE;
  const text = failureText(failure);
  if (code === FAILURE_TLS || (code === FAILURE_TIMEOUT && detail !== '')) {
    return `${text}: ${detail}`;
  }
  if (code !== FAILURE_SYSTEM || !UNRESOLVED.has(detail)) return text;
  return `${text}: the name ${JSON.stringify(host)} does not resolve (${detail})`;
}

/** Text that came from outside, to be kept or logged: cut, and without control characters. */
export function reasonText(text: string): string {
  const cut = text.length > REASON_TEXT ? `${text.slice(0, REASON_TEXT)}...` : text;
  return cut.replace(CONTROLS, ' ');
}

/** What nutcracker's `unknown` means. */
const EOF_CAUSE = 'it closed the connection';

const TLS_TEXT = 'TLS handshake failed';
const ANOTHER_PORT = 'does it speak TLS on this port?';

/** What may be meant by an error of TLS, and what to do about it. */
const TLS_HINTS: readonly (readonly [code: RegExp, hint: string])[] = [
  [/ALTNAME/, 'server_tls_name is the name to expect instead'],
  [/CERTIFICATE_REQUIRED/, 'it wants a certificate: server_tls_cert_file'],
  [/WRONG_VERSION_NUMBER|RECORD|PACKET_LENGTH|ECONNRESET/, ANOTHER_PORT],
  [/^ERR_/, ''],
  [/SELF_SIGNED|ISSUER|UNABLE|UNTRUSTED/, 'its issuer is not in server_tls_ca_file'],
];

/** It did not end its handshake in time. */
export const TLS_TIMEOUT: Failure = {
  code: FAILURE_TIMEOUT,
  detail: `in the TLS handshake; ${ANOTHER_PORT}`,
};

/**
 * What an error of a socket that encrypts means.
 * @param open whether it was open before
 */
export function tlsFailure(error: Error, open: boolean): Failure {
  const { code = '', syscall, reason } = error as NodeJS.ErrnoException & { reason?: string };
  const isOfTls = /^ERR_(SSL|TLS)_/.test(code) || (!open && syscall === undefined);
  if (!isOfTls) return systemFailure(error);
  const hint = TLS_HINTS.find(([pattern]) => pattern.test(code))?.[1] ?? '';
  // OpenSSL's own message begins with numbers that tell nothing.
  const text = `${reasonText(reason ?? error.message)} (${reasonText(code)})`;
  return { code: FAILURE_TLS, detail: hint === '' ? text : `${text}; ${hint}` };
}
