/** Bob Jenkins' lookup3 (hashlittle), initialised with the length plus 13. */
export function jenkins(p: usize, end: usize): u32 {
  let left = (end - p) as u32;
  let a: u32 = 0xdeadbeef + left + 13;
  let b = a;
  let c = a;
  if (left === 0) return c;
  while (left > 12) {
    a += load<u32>(p);
    b += load<u32>(p, 4);
    c += load<u32>(p, 8);
    // mix
    a = (a - c) ^ rotl(c, 4);
    c += b;
    b = (b - a) ^ rotl(a, 6);
    a += c;
    c = (c - b) ^ rotl(b, 8);
    b += a;
    a = (a - c) ^ rotl(c, 16);
    c += b;
    b = (b - a) ^ rotl(a, 19);
    a += c;
    c = (c - b) ^ rotl(b, 4);
    b += a;
    p += 12;
    left -= 12;
  }
  // The last 1..12 bytes, as if padded with zeros.
  a += lastWord(p, left);
  if (left > 4) b += lastWord(p + 4, left - 4);
  if (left > 8) c += lastWord(p + 8, left - 8);
  c = (c ^ b) - rotl(b, 14);
  a = (a ^ c) - rotl(c, 11);
  b = (b ^ a) - rotl(a, 25);
  c = (c ^ b) - rotl(b, 16);
  a = (a ^ c) - rotl(c, 4);
  b = (b ^ a) - rotl(a, 14);
  return (c ^ b) - rotl(b, 24);
}

/** Up to four little-endian bytes; reads nothing behind the key. */
function lastWord(p: usize, left: u32): u32 {
  if (left >= 4) return load<u32>(p);
  let word = load<u8>(p) as u32;
  if (left > 1) word |= (load<u8>(p, 1) as u32) << 8;
  if (left > 2) word |= (load<u8>(p, 2) as u32) << 16;
  return word;
}
