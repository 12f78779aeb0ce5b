/** Bob Jenkins' one-at-a-time; bytes are sign-extended, as twemproxy reads them. */
export function oneAtATime(p: usize, end: usize): u32 {
  let h: u32 = 0;
  for (; p < end; p++) {
    h += load<i8>(p) as u32;
    h += h << 10;
    h ^= h >> 6;
  }
  h += h << 3;
  h ^= h >> 11;
  return h + (h << 15);
}
