import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  type SecureContext,
  TLSSocket,
  connect as tlsConnect,
} from 'node:tls';

/** PEM, in memory that nothing prints. */
export interface Pem {
  readonly bytes: Buffer;
}

/** How a server is spoken to with TLS. */
export interface TlsToServer {
  /** What its certificate must be made out to; null = its host. */
  readonly name: string | null;
  /** `full` checks issuer and name, `ca` the issuer alone, `none` nothing. */
  readonly verify: 'full' | 'ca' | 'none';
  /** Whose certificates are good; null = those that Node trusts. */
  readonly ca: Pem | null;
  /** What ringway shows of itself. */
  readonly pair: { readonly cert: Pem; readonly key: Pem; readonly passphrase: Pem | null } | null;
}

/** Made once for each configuration: reading certificates takes a millisecond. */
const contexts: WeakMap<TlsToServer, SecureContext> = new WeakMap();
/** What lets the next connection to the same target do without most of a handshake. */
const sessions: WeakMap<object, Buffer> = new WeakMap();

function contextOf(tls: TlsToServer): SecureContext {
  let context = contexts.get(tls);
  if (context === undefined) {
    const { ca, pair } = tls;
    context = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === null ? {} : { ca: ca.bytes }),
      ...(pair === null ? {} : { cert: pair.cert.bytes, key: pair.key.bytes }),
      ...(pair?.passphrase ? { passphrase: pair.passphrase.bytes.toString() } : {}),
    });
    contexts.set(tls, context);
  }
  return context;
}

/**
 * Begins a connection that encrypts what is written; it is open at `secureConnect`.
 * @param target whose session is kept: as long as this object lives
 */
export function connectTls(
  target: object,
  host: string,
  tls: TlsToServer,
  options: object,
): TLSSocket {
  const name = tls.name ?? host;
  const session = sessions.get(target);
  const secure: ConnectionOptions = {
    secureContext: contextOf(tls),
    rejectUnauthorized: tls.verify !== 'none',
    checkServerIdentity: (_host, certificate) =>
      tls.verify === 'full' ? checkServerIdentity(name, certificate) : undefined,
    // Addresses are no names that a server could choose its certificate by.
    servername: isIP(name) === 0 ? name : '',
    ...(session === undefined ? {} : { session }),
  };
  const socket = tlsConnect({ ...options, ...secure });
  // It is told of only when the server has been checked.
  socket.on('session', (fresh: Buffer) => sessions.set(target, fresh));
  return socket;
}

/** Calls `listener` when a socket that goes out may be used: it is connected, and encrypts. */
export function onOpen(socket: Socket, listener: () => void): void {
  socket.on(socket instanceof TLSSocket ? 'secureConnect' : 'connect', listener);
}
