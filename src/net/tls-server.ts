import { constants, createHash, hkdfSync } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';

import { inheritPeer } from './peers/peer-address.ts';
import type { Pem } from './tls-client.ts';

/** A certificate that clients are shown. */
export interface ServerPair {
  readonly cert: Pem;
  readonly key: Pem;
  readonly passphrase: Pem | null;
  /** DNS names that it is made out to, in lower case. */
  readonly names: readonly string[];
}

/** How clients are served with TLS. */
export interface TlsToClients {
  /** The first is shown to who names no other. */
  readonly pairs: readonly ServerPair[];
  readonly ca: Pem | null;
  readonly auth: 'yes' | 'optional' | 'no';
  readonly minVersion: '1.2' | '1.3';
  readonly ciphers: string | null;
  readonly tickets: boolean;
  readonly handshakeTimeoutMs: number;
}

/** Bytes of the secret that tickets are made with. */
export const TICKET_SECRET_BYTES = 48;

/** Whom an acceptor tells. */
export interface TlsAcceptorOwner {
  /** A handshake is over: from here on `socket` reads and writes what is encrypted. */
  onSecure(socket: Socket, resumed: boolean): void;
  /** Another has failed; the socket is closed. @param why in words */
  onFailure(socket: Socket, why: string): void;
}

/** What a session belongs to: who takes it up must have been checked in the same way. */
function identityOf(name: string, { ca, auth }: TlsToClients): Buffer {
  const hash = createHash('sha256').update(JSON.stringify([name, auth]));
  return hash.update(ca?.bytes ?? '').digest();
}

function contextOptions(tls: TlsToClients, pair: ServerPair): object {
  const { ca, ciphers } = tls;
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET } = constants;
  return {
    cert: pair.cert.bytes,
    key: pair.key.bytes,
    ...(pair.passphrase === null ? {} : { passphrase: pair.passphrase.bytes.toString() }),
    ...(ca === null ? {} : { ca: ca.bytes }),
    ...(ciphers === null ? {} : { ciphers }),
    minVersion: `TLSv${tls.minVersion}`,
    secureOptions: SSL_OP_NO_RENEGOTIATION | (tls.tickets ? 0 : SSL_OP_NO_TICKET),
  };
}

/** By name: the contexts of the certificates that are made out to it. */
function contextsByName(tls: TlsToClients): ReadonlyMap<string, SecureContext> {
  const contexts = new Map<string, SecureContext>();
  for (const pair of tls.pairs) {
    const context = createSecureContext(contextOptions(tls, pair));
    for (const name of pair.names) if (!contexts.has(name)) contexts.set(name, context);
  }
  return contexts;
}

/** Makes sockets that encrypt of those that were accepted. Another configuration needs another. */
export class TlsAcceptor {
  readonly #server: Server;

  /**
   * @param name of those who may resume a session of each other
   * @param secret TICKET_SECRET_BYTES that all processes share
   * @throws what OpenSSL has against the certificates
   */
  constructor(name: string, tls: TlsToClients, secret: Buffer, owner: TlsAcceptorOwner) {
    const identity = identityOf(name, tls);
    const contexts = tls.pairs.length > 1 ? contextsByName(tls) : null;
    const keys = hkdfSync('sha256', secret, identity, 'ringway session tickets', 48);
    const options: TlsOptions = {
      ...contextOptions(tls, tls.pairs[0]),
      ticketKeys: Buffer.from(keys),
      sessionIdContext: identity.toString('hex').slice(0, 32),
      requestCert: tls.auth !== 'no',
      rejectUnauthorized: tls.auth === 'yes',
      handshakeTimeout: tls.handshakeTimeoutMs,
      ...(contexts === null ? {} : { SNICallback: (asked, choose) => choose(null, chosen(asked)) }),
    };
    const chosen = (asked: string): SecureContext | undefined => {
      const wanted = asked.toLowerCase();
      const dot = wanted.indexOf('.');
      return contexts?.get(wanted) ?? contexts?.get(`*${wanted.slice(Math.max(0, dot))}`);
    };
    this.#server = createServer(options);
    this.#server.on('secureConnection', (socket) => {
      inheritOf(socket);
      const refused = tls.auth === 'optional' ? refusal(socket) : null;
      if (refused === null) {
        // It was false for the handshake, which half a connection cannot end.
        socket.allowHalfOpen = true;
        endIfStuck(socket);
        owner.onSecure(socket, socket.isSessionReused());
      } else {
        socket.on('error', () => {});
        socket.destroy();
        owner.onFailure(socket, refused);
      }
    });
    this.#server.on('tlsClientError', (error, socket) => {
      inheritOf(socket);
      socket.destroy();
      owner.onFailure(socket, reasonOf(error, socket));
    });
  }

  /** Begins a handshake; the owner is told how it ended. */
  accept(socket: Socket): void {
    socket.allowHalfOpen = false;
    this.#server.emit('connection', socket);
  }
}

/** What Node writes with; private to node:tls. */
interface Encrypting {
  /** Bytes that are encrypted; the turn after they are written they are counted no more. */
  readonly writeQueueSize: number;
  readonly _parent?: { readonly writeQueueSize: number; readonly bytesWritten: number };
}

/** @returns bytes that were ever written to the kernel, if more wait for no reason; else -1 */
function stuckAt(socket: TLSSocket): number {
  const handle = (socket as unknown as { _handle: Encrypting | null })._handle;
  const below = handle?._parent;
  if (handle === null || below === undefined || handle.writeQueueSize === 0) return -1;
  return below.writeQueueSize === 0 ? below.bytesWritten : -1;
}

/**
 * Node forgets that the end of a handshake (its session tickets) could not be written, and lets all
 * that follows wait for it. The client has gone then.
 */
function endIfStuck(socket: TLSSocket): void {
  setImmediate(() => {
    const first = stuckAt(socket);
    if (first < 0) return;
    setImmediate(() => {
      if (stuckAt(socket) !== first) return;
      socket.destroy(new Error('the end of its handshake could not be written'));
    });
  });
}

/** It is of the same client as the socket that it was made of. */
function inheritOf(socket: TLSSocket): void {
  const below = (socket as unknown as { _parent?: Socket })._parent;
  if (below !== undefined) inheritPeer(socket, below);
}

/** What is wrong with the certificate of a client that need not have shown any. */
function refusal(socket: TLSSocket): string | null {
  if (socket.authorized || Object.keys(socket.getPeerCertificate()).length === 0) return null;
  return certificateReason(socket);
}

function certificateReason({ authorizationError }: TLSSocket): string {
  return `its certificate is not accepted (${String(authorizationError)})`;
}

/** Why handshakes fail of those that only look whether somebody listens. */
export const GONE = 'it closed the connection';

/** By OpenSSL's code: what a client has done. */
const REASONS: readonly (readonly [code: RegExp, why: string])[] = [
  [/HANDSHAKE_TIMEOUT/, 'it took longer than tls_handshake_timeout'],
  [
    /WRONG_VERSION|HTTP_REQUEST|HTTPS_PROXY|LENGTH_MISMATCH|PACKET_LENGTH_TOO_LONG|UNEXPECTED/,
    'it speaks no TLS',
  ],
  [/DID_NOT_RETURN_A_CERTIFICATE/, 'it shows no certificate, and tls_auth_clients wants one'],
  [/UNSUPPORTED_PROTOCOL/, 'its TLS is older than tls_min_version'],
  [/NO_SHARED_CIPHER/, 'it has no cipher that is allowed here'],
  [/ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE/, 'it does not accept the certificate'],
  [/^ECONNRESET$/, GONE],
];

function reasonOf(error: Error, socket: TLSSocket): string {
  // Such a client is cut off, and only that it closed would be known.
  if (socket.authorizationError) return certificateReason(socket);
  const { code = '' } = error as NodeJS.ErrnoException;
  return REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? code;
}
