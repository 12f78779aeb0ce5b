import { LOG_INFO, LOG_WARN } from '../../log.ts';
import { CLIENT_ERR, MALFORMED_REQUESTS } from '../../stats/counters.ts';
import type { ClientConnection } from './client-connection.ts';

/**
 * Answers a malformed request and takes no more.
 * @param error the scanner's @param byte where it gave up @param next the byte behind, or 0
 */
export function refuseMalformed(
  client: ClientConnection,
  error: number,
  byte: number,
  next: number,
): void {
  const { protocol, counters, engine } = client.pool;
  const complaint = protocol.complaint(error);
  client.answer(protocol.malformed(error, byte, next));
  counters[CLIENT_ERR]++;
  counters[MALFORMED_REQUESTS]++;
  engine.log.write(
    complaint === null ? LOG_INFO : LOG_WARN,
    `client ${client.address} ${complaint ?? 'sent a malformed request'}`,
  );
  client.stopReading();
}
