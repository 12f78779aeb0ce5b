// The FNV family as twemproxy computes it: bytes are sign-extended (signed char), and the "64-bit"
// variants keep only the low 32 bits of offset basis, prime and state.

const BASIS_32: u32 = 2166136261;
const PRIME_32: u32 = 16777619;
export const BASIS_64_LOW: u32 = 0x84222325;
export const PRIME_64_LOW: u32 = 0x1b3;

export function fnv1a64(p: usize, end: usize): u32 {
  let h = BASIS_64_LOW;
  // Four bytes per turn: the multiplications are a chain, so only loop overhead can be saved.
  while (p + 4 <= end) {
    h = (h ^ (load<i8>(p) as u32)) * PRIME_64_LOW;
    h = (h ^ (load<i8>(p, 1) as u32)) * PRIME_64_LOW;
    h = (h ^ (load<i8>(p, 2) as u32)) * PRIME_64_LOW;
    h = (h ^ (load<i8>(p, 3) as u32)) * PRIME_64_LOW;
    p += 4;
  }
  while (p < end) {
    h = (h ^ (load<i8>(p) as u32)) * PRIME_64_LOW;
    p++;
  }
  return h;
}

/** The hash of a whole key, given that of its first `from` bytes. Only an empty key hashes to 0. */
export function fnv1a64Rest(h: u32, key: u32, from: u32, length: u32): u32 {
  if (length === 0) return 0;
  for (; from < length; from++) h = (h ^ <u32>load<i8>(key + from)) * PRIME_64_LOW;
  return h;
}

export function fnv164(p: usize, end: usize): u32 {
  let h = BASIS_64_LOW;
  for (; p < end; p++) h = (h * PRIME_64_LOW) ^ (load<i8>(p) as u32);
  return h;
}

export function fnv132(p: usize, end: usize): u32 {
  let h = BASIS_32;
  for (; p < end; p++) h = (h * PRIME_32) ^ (load<i8>(p) as u32);
  return h;
}

export function fnv1a32(p: usize, end: usize): u32 {
  let h = BASIS_32;
  for (; p < end; p++) h = (h ^ (load<i8>(p) as u32)) * PRIME_32;
  return h;
}
