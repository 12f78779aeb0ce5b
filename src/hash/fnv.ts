// The FNV family as twemproxy computes it on x86: bytes are sign-extended (signed char), and the
// "64-bit" variants keep only the low 32 bits of offset basis, prime and state.

const BASIS_32 = 2166136261 | 0;
const PRIME_32 = 16777619;
const BASIS_64_LOW = 0x84222325 | 0;
const PRIME_64_LOW = 0x1b3;

/** FNV-1 with the 64-bit prime, 32 bits of it. */
export function fnv1_64(bytes: Uint8Array, start: number, end: number): number {
  let h = BASIS_64_LOW;
  for (let i = start; i < end; i++) h = Math.imul(h, PRIME_64_LOW) ^ ((bytes[i] << 24) >> 24);
  return h >>> 0;
}

/** FNV-1a with the 64-bit prime, 32 bits of it: nutcracker's default. */
export function fnv1a_64(bytes: Uint8Array, start: number, end: number): number {
  let h = BASIS_64_LOW;
  for (let i = start; i < end; i++) h = Math.imul(h ^ ((bytes[i] << 24) >> 24), PRIME_64_LOW);
  return h >>> 0;
}

/** FNV-1, 32 bits. */
export function fnv1_32(bytes: Uint8Array, start: number, end: number): number {
  let h = BASIS_32;
  for (let i = start; i < end; i++) h = Math.imul(h, PRIME_32) ^ ((bytes[i] << 24) >> 24);
  return h >>> 0;
}

/** FNV-1a, 32 bits. */
export function fnv1a_32(bytes: Uint8Array, start: number, end: number): number {
  let h = BASIS_32;
  for (let i = start; i < end; i++) h = Math.imul(h ^ ((bytes[i] << 24) >> 24), PRIME_32);
  return h >>> 0;
}
