import { LOG_INFO, LOG_WARN } from '../../../log.ts';
import { CLIENT_ERR, MALFORMED_REQUESTS } from '../../../stats/counters.ts';
import type { Pool } from '../../pool/pool.ts';
import type { ClientProtocol } from '../protocol.ts';

/** Whoever sends malformed requests. */
export interface Offender {
  readonly pool: Pool;
  readonly protocol: ClientProtocol;
  readonly address: string;
  answer(reply: Buffer): void;
  stopReading(): void;
}

/**
 * Answers a malformed request by the scanner's error and takes no more of its client.
 * @param byte the offending one, where the message names it; `next` is the request's second byte
 */
export function refuseMalformed(client: Offender, error: number, byte: number, next: number): void {
  const { protocol } = client;
  refuseWith(client, protocol.malformed(error, byte, next), protocol.complaint(error));
}

/** The same with a reply of one's own. @param complaint what the log says of the client */
export function refuseWith(client: Offender, reply: Buffer, complaint: string | null = null): void {
  const { counters, engine } = client.pool;
  client.answer(reply);
  counters[CLIENT_ERR]++;
  counters[MALFORMED_REQUESTS]++;
  engine.log.write(
    complaint === null ? LOG_INFO : LOG_WARN,
    `client ${client.address} ${complaint ?? 'sent a malformed request'}`,
  );
  client.stopReading();
}
