/**
 * SuperFastHash as twemproxy has it: it starts from 0 instead of the length, and only the third
 * byte of a three-byte rest is sign-extended.
 */
export function hsieh(p: usize, end: usize): u32 {
  if (p === end) return 0;
  let h: u32 = 0;
  while (p + 4 <= end) {
    h += load<u16>(p) as u32;
    h = (h << 16) ^ (((load<u16>(p, 2) as u32) << 11) ^ h);
    h += h >> 11;
    p += 4;
  }
  const rest = (end - p) as u32;
  if (rest === 3) {
    h += load<u16>(p) as u32;
    h ^= h << 16;
    h ^= (load<i8>(p, 2) as u32) << 18;
    h += h >> 11;
  } else if (rest === 2) {
    h += load<u16>(p) as u32;
    h ^= h << 11;
    h += h >> 17;
  } else if (rest === 1) {
    h += load<u8>(p) as u32;
    h ^= h << 10;
    h += h >> 1;
  }
  h ^= h << 3;
  h += h >> 5;
  h ^= h << 4;
  h += h >> 17;
  h ^= h << 25;
  return h + (h >> 6);
}
