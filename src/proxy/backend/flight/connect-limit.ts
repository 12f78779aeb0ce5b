import type { PoolConfig } from '../../../config/index.ts';
import { DIAL_MS } from '../../../limits.ts';

/**
 * How long a connection may take to open, in milliseconds; 0 = as long as its oldest request. Where
 * masters are followed requests wait elsewhere, and a try is worth less than the next one.
 */
export function connectLimit({ connectTimeoutMs, timeoutMs, followsMaster }: PoolConfig): number {
  if (connectTimeoutMs > 0 || !followsMaster) return connectTimeoutMs;
  return Math.min(timeoutMs || DIAL_MS, DIAL_MS);
}
