import { certificates, type PairFiles } from './certificates.ts';
import { freePort } from './free-port.ts';
import { type RealServer, startRedis } from './real-servers.ts';

/** A redis-server that speaks TLS on a port of its own, beside the plain one. */
export interface TlsRedis {
  readonly server: RealServer;
  readonly tlsPort: number;
}

export interface TlsRedisOptions {
  readonly pair?: PairFiles;
  /** Clients must show a certificate. */
  readonly authClients?: boolean;
  readonly args?: readonly string[];
}

export async function startTlsRedis(options: TlsRedisOptions = {}): Promise<TlsRedis> {
  const { authority, server: usual } = certificates();
  const { pair = usual, authClients = false, args = [] } = options;
  const tlsPort = await freePort();
  const server = await startRedis({
    args: [
      ...['--tls-port', String(tlsPort), '--tls-ca-cert-file', authority.ca],
      ...['--tls-cert-file', pair.cert, '--tls-key-file', pair.key],
      ...['--tls-auth-clients', authClients ? 'yes' : 'no', ...args],
    ],
  });
  return { server, tlsPort };
}
