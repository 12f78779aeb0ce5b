import { CROSS_PROTOCOL_LOG_INTERVAL_MS } from '../../../limits.ts';
import { LOG_WARN } from '../../../log.ts';
import { CLIENT_ERR, MALFORMED_REQUESTS } from '../../../stats/counters.ts';
import { SparingOfEach } from '../../engine/sparing.ts';
import type { Pool } from '../../pool/pool.ts';

/** Whoever sends something that looks like HTTP. */
export interface HttpSpeaker {
  readonly pool: Pool;
  readonly address: string;
  stopReading(): void;
}

// A web page can make a browser POST to any address. Were its headers answered line by line as
// unknown commands, the body would be executed; so the first line that gives HTTP away is the last.

const HTTP_VERSION = /(^|[ \t])HTTP\/\d(\.\d)?[ \t\r]*\n?$/;

const telling = new SparingOfEach(CROSS_PROTOCOL_LOG_INTERVAL_MS);

/** Whether a command is one of the words by which Redis tells an HTTP request. */
export function isHttpWord(name: string): boolean {
  return /^(post|host:)$/i.test(name);
}

/** Whether a line is a request line of HTTP, or begins with a word that gives it away. */
export function isHttpLine(line: string): boolean {
  return HTTP_VERSION.test(line) || isHttpWord(line.split(/\s/, 1)[0]);
}

/** Takes no more from a client that speaks HTTP; what it asked before is still answered. */
export function refuseHttp(client: HttpSpeaker): true {
  const { pool, address } = client;
  const { counters, engine, config } = pool;
  counters[CLIENT_ERR]++;
  counters[MALFORMED_REQUESTS]++;
  if (telling.happens(pool) >= 0) {
    engine.log.write(
      LOG_WARN,
      `pool ${config.name}: possible attack: client ${address} sent an HTTP request, ` +
        'most likely by way of a browser; its connection is closed',
      { pool: config.name, client: address },
    );
  }
  client.stopReading();
  return true;
}
