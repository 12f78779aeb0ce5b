import { hostname } from 'node:os';
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
  type PoolCounter,
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
  type ServerCounter,
  TOTAL_CONNECTIONS,
} from './counters.ts';
import { ownStats } from './own-stats.ts';
import type { PoolSnapshot, ServerSnapshot, Snapshot } from './snapshot.ts';

/** The key of our own part. */
const OWN_KEY = 'ringway';

/** Names and order of nutcracker's stats. */
const POOL_FIELDS: readonly (readonly [string, PoolCounter])[] = [
  ['client_eof', CLIENT_EOF],
  ['client_err', CLIENT_ERR],
  ['client_connections', CLIENT_CONNECTIONS],
  ['server_ejects', SERVER_EJECTS],
  ['forward_error', FORWARD_ERROR],
  ['fragments', FRAGMENTS],
];

const SERVER_FIELDS: readonly (readonly [string, ServerCounter])[] = [
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

/**
 * One line of JSON with nutcracker's fields, order and blanks, so that its exporters read it.
 * (Blanks stand after commas between metrics, none between a closing brace and the next name.)
 * These take every object for a pool, every object in one for a server, every number for a metric.
 * @param own whether an object of our own stands behind the pools; a pool of its name keeps it out
 */
export function statsJson(snapshot: Snapshot, own = false): string {
  const { now, startedAt, version, pools } = snapshot;
  const head = [
    '"service":"nutcracker"',
    `"source":${JSON.stringify(hostname())}`,
    `"version":${JSON.stringify(version)}`,
    `"uptime":${Math.floor((now - startedAt) / 1000)}`,
    `"timestamp":${Math.floor(now / 1000)}`,
    `"total_connections":${snapshot.process[TOTAL_CONNECTIONS]}`,
    `"curr_connections":${snapshot.process[CURR_CONNECTIONS]}`,
  ].join(', ');
  const parts = pools.map(poolJson);
  if (own && !pools.some(({ name }) => name === OWN_KEY)) parts.push(ownJson(snapshot));
  return `{${head}, ${parts.join(',')}}\n`;
}

function ownJson(snapshot: Snapshot): string {
  const fields = Object.entries(ownStats(snapshot));
  return `"${OWN_KEY}": {${fields.map(([name, n]) => `${JSON.stringify(name)}:${n}`).join(', ')}}`;
}

function poolJson(pool: PoolSnapshot): string {
  const fields = POOL_FIELDS.map(([name, at]) => `"${name}":${pool.counters[at]}`);
  // The nodes of a cluster may not be known yet.
  if (pool.servers.length > 0) fields.push(pool.servers.map(serverJson).join(','));
  return `${JSON.stringify(pool.name)}: {${fields.join(', ')}}`;
}

function serverJson({ name, counters }: ServerSnapshot): string {
  const fields = SERVER_FIELDS.map(([field, at]) => `"${field}":${counters[at]}`).join(', ');
  return `${JSON.stringify(name)}: {${fields}}`;
}
