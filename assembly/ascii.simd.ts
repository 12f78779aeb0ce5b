// The v128 forms; ascii.ts calls them only where ASC_FEATURE_SIMD holds.

/** Address of the first `byte` in [pos, end), or `end`. */
export function findByte16(pos: u32, end: u32, byte: u32): u32 {
  const pattern = i8x16.splat(<i8>byte);
  while (end - pos >= 16) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(pos), pattern));
    if (mask !== 0) return pos + ctz(mask);
    pos += 16;
  }
  while (pos < end && <u32>load<u8>(pos) !== byte) pos++;
  return pos;
}

/** Address of the first byte in [pos, end) that is a blank or below, or `end`. */
export function findBlank16(pos: u32, end: u32): u32 {
  const blank = i8x16.splat(0x20);
  while (end - pos >= 16) {
    const mask = i8x16.bitmask(i8x16.le_u(v128.load(pos), blank));
    if (mask !== 0) return pos + ctz(mask);
    pos += 16;
  }
  while (pos < end && load<u8>(pos) > 0x20) pos++;
  return pos;
}

/** Copies `length` bytes, 16 to 64; the last 16 may overlap those before. All loads come first. */
export function copyUpTo64(dest: u32, source: u32, length: u32): void {
  const first = v128.load(source);
  const last = v128.load(source + length - 16);
  if (length > 32) {
    const second = v128.load(source, 16);
    const third = v128.load(source + length - 32);
    v128.store(dest, second, 16);
    v128.store(dest + length - 32, third);
  }
  v128.store(dest, first);
  v128.store(dest + length - 16, last);
}

/** Copies more than 64 bytes between ranges that are apart; the last 64 may be copied twice. */
export function copyOver64(dest: u32, source: u32, length: u32): void {
  const tail = length - 64;
  for (let at: u32 = 0; at < tail; at += 64) copy64(dest + at, source + at);
  copy64(dest + tail, source + tail);
}

function copy64(dest: u32, source: u32): void {
  v128.store(dest, v128.load(source));
  v128.store(dest, v128.load(source, 16), 16);
  v128.store(dest, v128.load(source, 32), 32);
  v128.store(dest, v128.load(source, 48), 48);
}
