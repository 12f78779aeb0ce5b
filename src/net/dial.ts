import { connect, type Socket } from 'node:net';
import type { Reader, ReadHandler } from './reader.ts';

/** Where a server listens. */
export interface DialTarget {
  readonly kind: 'tcp' | 'unix';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

function addressOf(target: DialTarget): { path: string } | { host: string; port: number } {
  if (target.kind === 'unix') return { path: target.path };
  // An empty host is any address, as for nutcracker's getaddrinfo.
  return { host: target.host === '' ? '0.0.0.0' : target.host, port: target.port };
}

/**
 * Begins a connection to a server. Every socket that goes out is opened here.
 * @param handler gets what the server sends, in the receive window of `reader`
 */
export function dial(target: DialTarget, reader: Reader, handler: ReadHandler): Socket {
  const options = { ...addressOf(target), noDelay: true, ...reader.connectOptions(handler) };
  const socket = connect(options as never);
  reader.attachConnecting(socket, handler);
  return socket;
}

/** As dial(), for a question now and then: what the server sends comes as 'data'. */
export function dialPlain(target: DialTarget): Socket {
  return connect(addressOf(target));
}
