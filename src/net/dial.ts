import { connect, type Socket } from 'node:net';
import { ADDRESSES } from './addresses/address-book.ts';
import type { Reader, ReadHandler } from './reader.ts';
import { connectTls, type TlsToServer } from './tls-client.ts';

/** Where a server listens. */
export interface DialTarget {
  readonly kind: 'tcp' | 'unix';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** null = without TLS. */
  readonly tls: TlsToServer | null;
}

function addressOf(target: DialTarget): { path: string } | { host: string; port: number } {
  if (target.kind === 'unix') return { path: target.path };
  // An empty host is any address, as for nutcracker's getaddrinfo.
  const host = target.host === '' ? '0.0.0.0' : ADDRESSES.addressOf(target.host);
  return { host, port: target.port };
}

function open(target: DialTarget, options: object): Socket {
  const all = { ...addressOf(target), ...options };
  if (target.tls === null) return connect(all as never);
  return connectTls(target, target.kind === 'unix' ? 'localhost' : target.host, target.tls, all);
}

/**
 * Begins a connection to a server. Every socket that goes out is opened here, with TLS or without;
 * onOpen() tells when it may be used.
 * @param handler gets what the server sends, in the receive window of `reader`
 */
export function dial(target: DialTarget, reader: Reader, handler: ReadHandler): Socket {
  const socket = open(target, { noDelay: true, ...reader.connectOptions(target.tls, handler) });
  reader.attachConnecting(socket, handler);
  return socket;
}

/** As dial(), for a question now and then: what the server sends comes as 'data'. */
export function dialPlain(target: DialTarget): Socket {
  return open(target, { noDelay: true });
}
