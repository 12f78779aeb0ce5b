const M: u32 = 0x5bd1e995;
const SEED: u32 = 0xdeadbeef;

/** MurmurHash2; the seed is 0xdeadbeef times the length. */
export function murmur(p: usize, end: usize): u32 {
  const length = (end - p) as u32;
  let h = (SEED * length) ^ length;
  while (p + 4 <= end) {
    let k = load<u32>(p) * M;
    k = (k ^ (k >> 24)) * M;
    h = (h * M) ^ k;
    p += 4;
  }
  const rest = (end - p) as u32;
  if (rest !== 0) {
    if (rest === 3) h ^= (load<u8>(p, 2) as u32) << 16;
    if (rest >= 2) h ^= (load<u8>(p, 1) as u32) << 8;
    h = (h ^ (load<u8>(p) as u32)) * M;
  }
  h = (h ^ (h >> 13)) * M;
  return h ^ (h >> 15);
}
