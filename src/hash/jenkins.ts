/** Bob Jenkins' lookup3 (hashlittle), initialised with the length plus 13. */
export function jenkins(bytes: Uint8Array, start: number, end: number): number {
  let left = end - start;
  let a = (0xdeadbeef + left + 13) | 0;
  let b = a;
  let c = a;
  if (left === 0) return c >>> 0;
  let i = start;
  for (; left > 12; left -= 12, i += 12) {
    a = (a + word(bytes, i)) | 0;
    b = (b + word(bytes, i + 4)) | 0;
    c = (c + word(bytes, i + 8)) | 0;
    // mix
    a = (a - c) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  // The last 1..12 bytes, as if padded with zeros.
  a = (a + lastWord(bytes, i, end)) | 0;
  b = (b + lastWord(bytes, i + 4, end)) | 0;
  c = (c + lastWord(bytes, i + 8, end)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) >>> 0;
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function word(bytes: Uint8Array, i: number): number {
  return bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
}

/** Up to four little-endian bytes before `end`; 0 when there are none. */
function lastWord(bytes: Uint8Array, i: number, end: number): number {
  if (i + 4 <= end) return word(bytes, i);
  let value = 0;
  for (let shift = 0; i < end; i++, shift += 8) value |= bytes[i] << shift;
  return value;
}
