// MD5 (RFC 1321) on (bytes, start, end), without allocation: node:crypto would need an object and
// a Buffer per key.

// Round constants: floor(2^32 * |sin(i + 1)|).
const K = new Int32Array(64);
for (let i = 0; i < 64; i++) K[i] = Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0;

/** Left rotations, four per round. */
const SHIFTS = Uint8Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);

const word = new Int32Array(16); // the block being mixed
const state = new Int32Array(4);
const tail = new Uint8Array(128); // the rest of the message with its padding: one or two blocks

/**
 * Writes the digest of [start, end) to `out` at `at`, as four little-endian words.
 * @param out Int32Array or Uint32Array
 */
export function md5Words(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Int32Array | Uint32Array,
  at: number,
): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  let i = start;
  for (; i + 64 <= end; i += 64) mix(bytes, i);

  const rest = end - i;
  const size = rest < 56 ? 64 : 128;
  let n = 0;
  while (n < rest) tail[n++] = bytes[i++];
  tail[n++] = 0x80;
  while (n < size - 8) tail[n++] = 0;
  // The length in bits, as 64 bits; in doubles, since it may exceed 32.
  const length = end - start;
  writeWord(n, length << 3);
  writeWord(n + 4, Math.floor(length / 0x20000000));
  mix(tail, 0);
  if (size > 64) mix(tail, 64);

  out[at] = state[0];
  out[at + 1] = state[1];
  out[at + 2] = state[2];
  out[at + 3] = state[3];
}

const digest = new Uint32Array(4);

/** First four bytes of the MD5, little-endian. */
export function md5(bytes: Uint8Array, start: number, end: number): number {
  md5Words(bytes, start, end, digest, 0);
  return digest[0];
}

function writeWord(at: number, value: number): void {
  tail[at] = value;
  tail[at + 1] = value >>> 8;
  tail[at + 2] = value >>> 16;
  tail[at + 3] = value >>> 24;
}

function mix(bytes: Uint8Array, start: number): void {
  for (let n = 0, p = start; n < 16; n++, p += 4) {
    word[n] = bytes[p] | (bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24);
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  for (let i = 0; i < 64; i++) {
    let sum: number;
    if (i < 16) sum = (d ^ (b & (c ^ d))) + word[i];
    else if (i < 32) sum = (c ^ (d & (b ^ c))) + word[(5 * i + 1) & 15];
    else if (i < 48) sum = (b ^ c ^ d) + word[(3 * i + 5) & 15];
    else sum = (c ^ (b | ~d)) + word[(7 * i) & 15];
    sum = (sum + a + K[i]) | 0;
    const shift = SHIFTS[((i >> 2) & 12) | (i & 3)];
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}
