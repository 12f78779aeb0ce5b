// What ringway set out for: CPU per request, as a multiple of another's.

/** Beside nutcracker, by workload. */
export const WANTED: Readonly<Record<string, number>> = {
  'depth1-get': 0.88,
  'depth1-set': 0.88,
  'depth16-get': 0.32,
  'depth16-set': 0.32,
  'depth64-get': 0.11,
  'depth64-set': 0.11,
  'mget-100': 0.5,
  'get-16k': 0.75,
  'get-512k': 1,
};

/** Beside predixy. */
export const WANTED_OF_PREDIXY: Readonly<Record<string, number>> = {
  'depth1-get': 1,
  'depth16-get': 0.75,
  'depth64-get': 0.55,
};

/** Beside what a scenario compares with, by scenario and workload. */
export const WANTED_IN_SCENARIO: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'servers-1000': { 'depth1-get': 1.7 },
  'unix-sockets': { 'depth1-get': 0.85 },
  memcached: {
    'memcached-depth1-get': 0.75,
    'memcached-depth16-get': 0.25,
    'memcached-get-100': 0.35,
  },
  cluster: { 'depth1-get': 1.05, 'depth16-get': 1.05 },
};

export const WANTED_IDLE_KIB = 6;
/** From start to the first reply, on the oldest Node that is served. */
export const WANTED_START_MS = 250;

/** A figure that was wanted, and whether it was missed; empty where none was. */
export function wantedText(wanted: number | undefined, measured: number): string {
  if (wanted === undefined) return '';
  const figure = wanted < 10 ? wanted.toFixed(2) : String(wanted);
  return `${figure}${measured > wanted ? ' (missed)' : ''}`;
}
