import { hostname } from 'node:os';
import { CURR_CONNECTIONS, POOL_FIELDS, SERVER_FIELDS, TOTAL_CONNECTIONS } from './counters.ts';
import { ownStats } from './own-stats.ts';
import type { PoolSnapshot, ServerSnapshot, Snapshot } from './snapshot.ts';

/** The key of our own part. */
const OWN_KEY = 'ringway';

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
