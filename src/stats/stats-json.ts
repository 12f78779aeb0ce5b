import { hostname } from 'node:os';
import type { Pool, Server } from '../proxy/server-pool.ts';
import {
  CLIENT_CONNECTIONS,
  CLIENT_EOF,
  CLIENT_ERR,
  CURR_CONNECTIONS,
  FORWARD_ERROR,
  FRAGMENTS,
  IN_QUEUE,
  IN_QUEUE_BYTES,
  OUT_QUEUE,
  OUT_QUEUE_BYTES,
  REQUEST_BYTES,
  REQUESTS,
  RESPONSE_BYTES,
  RESPONSES,
  SERVER_CONNECTIONS,
  SERVER_EJECTED_AT,
  SERVER_EJECTS,
  SERVER_EOF,
  SERVER_ERR,
  SERVER_TIMEDOUT,
  TOTAL_CONNECTIONS,
} from './counters.ts';

/** Names and order of nutcracker's stats. */
const POOL_FIELDS: readonly (readonly [string, number])[] = [
  ['client_eof', CLIENT_EOF],
  ['client_err', CLIENT_ERR],
  ['client_connections', CLIENT_CONNECTIONS],
  ['server_ejects', SERVER_EJECTS],
  ['forward_error', FORWARD_ERROR],
  ['fragments', FRAGMENTS],
];

const SERVER_FIELDS: readonly (readonly [string, number])[] = [
  ['server_eof', SERVER_EOF],
  ['server_err', SERVER_ERR],
  ['server_timedout', SERVER_TIMEDOUT],
  ['server_connections', SERVER_CONNECTIONS],
  ['server_ejected_at', SERVER_EJECTED_AT],
  ['requests', REQUESTS],
  ['request_bytes', REQUEST_BYTES],
  ['responses', RESPONSES],
  ['response_bytes', RESPONSE_BYTES],
  ['in_queue', IN_QUEUE],
  ['in_queue_bytes', IN_QUEUE_BYTES],
  ['out_queue', OUT_QUEUE],
  ['out_queue_bytes', OUT_QUEUE_BYTES],
];

export interface StatsSource {
  readonly version: string;
  readonly startedAt: number;
  readonly process: Float64Array;
  readonly pools: readonly Pool[];
}

/**
 * One line of JSON with nutcracker's fields, order and blanks, so that its exporters read it.
 * (Blanks stand after commas between metrics, none between a closing brace and the next name.)
 */
export function statsJson(source: StatsSource, now: number = Date.now()): string {
  const listeners = source.pools.length;
  const head = [
    '"service":"nutcracker"',
    `"source":${JSON.stringify(hostname())}`,
    `"version":${JSON.stringify(source.version)}`,
    `"uptime":${Math.floor((now - source.startedAt) / 1000)}`,
    `"timestamp":${Math.floor(now / 1000)}`,
    `"total_connections":${source.process[TOTAL_CONNECTIONS] + listeners}`,
    `"curr_connections":${source.process[CURR_CONNECTIONS] + listeners}`,
  ].join(', ');
  return `{${head}, ${source.pools.map(poolJson).join(',')}}\n`;
}

function poolJson(pool: Pool): string {
  const fields = POOL_FIELDS.map(([name, at]) => `"${name}":${pool.counters[at]}`).join(', ');
  const servers = pool.servers.map(serverJson).join(',');
  return `${JSON.stringify(pool.config.name)}: {${fields}, ${servers}}`;
}

function serverJson(server: Server): string {
  const { counters } = server;
  server.gaugeQueues();
  const fields = SERVER_FIELDS.map(([name, at]) => `"${name}":${counters[at]}`).join(', ');
  return `${JSON.stringify(server.name)}: {${fields}}`;
}
