export function scanMemcacheRequests(
  _bytes: Uint8Array,
  _words: Uint32Array,
  _start: number,
  _end: number,
  _table: number,
  _limit: number,
  _pool: number,
): number {
  throw new Error('not yet');
}
