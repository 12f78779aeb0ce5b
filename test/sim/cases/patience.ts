import type { Case, PoolKeys } from './case.ts';
import { numberOf } from './default-keys.ts';

// How long requests of a case may take, and what they may fail of by their configuration.

/** The slowest network answers within this. */
export const SLOW_MS = 5_000;
/** A request of one key whose slot is on the move. */
export const MOVING_MS = 2_000;
/** After the last fault, until each server is found again: breakers, looks and SYNs are patient. */
const FOUND_MS = 6_000;
/** Of masters that have moved: sentinels are asked every 5 s, and a lower epoch is doubted for 10 s. */
const SHARDS_FOUND_MS = 20_000;
/** On top of what the keys of a pool say how long a request may wait. */
const ALONE_SLACK_MS = 300;
/** Errors that a key of the pool may cause, whether anything is wrong or not. */
const REFUSALS: readonly (readonly [key: string, text: string])[] = [
  ['client_output_limit', 'ERR reply is larger than client_output_limit'],
  ['max_backend_connections', 'ERR max number of backend connections reached'],
];

/** A request is longer than its value by this at most. */
const HEAD_BYTES = 200;
const NO_REPLICA = 'ERR no replica is fit to be read';

/** Errors that may always come. */
export function refusalsOf({ pools }: Case): string[] {
  const keys = pools.flatMap((pool) => Object.keys(pool));
  // Before replicas are known, and when their master is known no more, there is none.
  const onlyReplicas = pools.some((pool) => pool['read_from'] === 'replica');
  const texts = REFUSALS.filter(([key]) => keys.includes(key)).map(([, text]) => text);
  return onlyReplicas ? [...texts, NO_REPLICA] : texts;
}

/** After the last fault, until everything is found again. */
export function foundMs({ availability, cluster }: Case): number {
  return availability === undefined && cluster === undefined ? FOUND_MS : SHARDS_FOUND_MS;
}

/** Values that are larger are passed on and not kept. */
export function leastStreamed({ pools }: Case): number {
  return Math.min(...pools.map((keys) => numberOf(keys, 'max_assembled_request'))) - HEAD_BYTES;
}

/** What a request waits for at most: a connection, an answer, and both again if it is repeated. */
export function aloneMicros({ availability, cluster, pools }: Case): number {
  const isFollowed = availability !== undefined || cluster !== undefined;
  return Math.max(...pools.map((keys) => aloneIn(keys, isFollowed)));
}

/** @param isFollowed masters may be replaced, and are waited for */
function aloneIn(keys: PoolKeys, isFollowed: boolean): number {
  const ms = (key: string): number => Number(keys[key] ?? 0);
  if (ms('timeout') === 0) return Number.POSITIVE_INFINITY;
  const once = 2 * Math.max(ms('timeout'), ms('connect_timeout')) + ms('breaker_max_wait');
  const failover = isFollowed ? numberOf(keys, 'failover_wait') : 0;
  return (ALONE_SLACK_MS + failover + once * (1 + ms('retry_reads'))) * 1000;
}

/** A network that is slow by itself may take longer than such a pool waits. */
export function isImpatient(keys: PoolKeys): boolean {
  const { timeout = 0, connect_timeout: connecting = 0 } = keys;
  return [timeout, connecting].some((ms) => Number(ms) > 0 && Number(ms) < SLOW_MS);
}
