import { withWeight } from '../config/keys/address.ts';
import type { Log } from '../log.ts';
import type { RingwayOptions } from './options.ts';
import type { PoolKeys } from './pool-keys.ts';
import { type Ringway, start } from './start.ts';

/** Tests print what they want to. */
const SILENT: Log = { level: -1, write: () => {} };

/**
 * A proxy in front of given servers, for tests: silent, on a port of its own of the loopback
 * address.
 * @param servers lines of `servers:`, whole or without the weight: `host:port` or `/path`, with or
 *   without a name behind it
 * @param keys further keys of its pool, which is called `test`; a Redis pool unless they say else
 * @throws ConfigError or RingwayError
 */
export function inFrontOf(
  servers: readonly string[],
  keys: Partial<PoolKeys> = {},
  options: Omit<RingwayOptions, 'config' | 'text' | 'pools'> = {},
): Promise<Ringway> {
  const pool = { listen: '127.0.0.1:0', redis: true, ...keys, servers: servers.map(withWeight) };
  return start({ log: SILENT, ...options, pools: { test: pool } });
}
