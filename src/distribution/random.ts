/**
 * Next state of Marsaglia's xorshift32, which is also the number drawn. The state lives in the pool
 * descriptor, so that both codecs draw the same servers; 0 would stay 0 for ever.
 */
export function xorshift32(state: number): number {
  let x = state | 0;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}
