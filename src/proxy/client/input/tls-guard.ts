import { CROSS_PROTOCOL_LOG_INTERVAL_MS } from '../../../limits.ts';
import { LOG_WARN } from '../../../log.ts';
import { CLIENT_ERR, MALFORMED_REQUESTS } from '../../../stats/counters.ts';
import { SparingOfEach } from '../../engine/sparing.ts';
import type { Pool } from '../../pool/pool.ts';

/** The first byte of a TLS connection: its record is one of a handshake. No request begins so. */
const TLS_HANDSHAKE = 0x16;

/** Whoever speaks TLS where nobody understands it. */
export interface TlsSpeaker {
  readonly pool: Pool;
  readonly address: string;
  stopReading(): void;
}

const telling = new SparingOfEach(CROSS_PROTOCOL_LOG_INTERVAL_MS);

/**
 * Takes no more from a client that begins with a TLS handshake.
 * @param first the first byte that it has sent @returns whether that is so
 */
export function refusedAsTls(client: TlsSpeaker, first: number): boolean {
  if (first !== TLS_HANDSHAKE) return false;
  const { pool, address } = client;
  const { counters, engine, config } = pool;
  counters[CLIENT_ERR]++;
  counters[MALFORMED_REQUESTS]++;
  if (telling.happens(pool) >= 0) {
    const where = config.tlsListen?.text;
    const instead =
      where === undefined
        ? 'to serve it, the pool needs `tls_listen` or `tls: true`'
        : `TLS is spoken on ${where}`;
    const what = `client ${address} speaks TLS on ${config.listen.text}`;
    const line = `pool ${config.name}: ${what}`;
    engine.log.write(
      LOG_WARN,
      `${line}, where there is none; its connection is closed: ${instead}`,
      { pool: config.name, client: address },
    );
  }
  client.stopReading();
  return true;
}
