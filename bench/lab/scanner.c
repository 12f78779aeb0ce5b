// The request scanner in C, a contestant of the codec lab: what the same work costs when another
// compiler makes the WebAssembly. It takes RESP requests whose key is their second word, as those of
// the corpora are, hashes the key with fnv1a_64, finds its server on the ring, and fills the frame
// records of src/protocol/frame-table.ts. It knows no other commands, no limits and no partial frames.

typedef unsigned int u32;
typedef unsigned char u8;

enum { RECORD_WORDS = 8 };

#define INFO_WHOLE ((1u << 16) | (1u << 17))
#define NO_COMMAND 0xffffu

/** Reads digits up to CR LF; `*at` then stands behind it. */
static u32 length(const u8 **at) {
  const u8 *p = *at;
  u32 n = 0;
  while (*p != '\r') n = n * 10 + (*p++ - '0');
  *at = p + 2;
  return n;
}

/** The server of a hash: the first point of the ring that is not below it, else the first of all. */
static u32 owner(u32 h, const u32 *values, const u32 *servers, u32 count, const u32 *index,
                 u32 shift) {
  u32 point = index[h >> shift];
  while (point < count && values[point] < h) point++;
  return servers[point < count ? point : 0];
}

/** @returns the number of frames in [start, end), each with its record at `table` */
u32 scan(u32 start, u32 end, u32 table, u32 values, u32 servers, u32 count, u32 index, u32 shift) {
  const u8 *p = (const u8 *)start;
  const u8 *stop = (const u8 *)end;
  u32 *record = (u32 *)table;
  u32 frames = 0;
  while (p < stop) {
    const u8 *frame = p++;
    u32 words = length(&p);
    u32 key = 0, keyLength = 0, hash = 0x84222325u;
    for (u32 i = 0; i < words; i++) {
      p++;
      u32 bytes = length(&p);
      if (i == 1) {
        key = (u32)p;
        keyLength = bytes;
        // Bytes are sign-extended: nutcracker hashes `char` as x86 has it.
        for (u32 j = 0; j < bytes; j++) hash = (hash ^ (u32)(signed char)p[j]) * 0x1b3u;
      }
      p += bytes + 2;
    }
    record[0] = (u32)frame;
    record[1] = (u32)(p - frame);
    record[2] = 0;
    record[3] = INFO_WHOLE | NO_COMMAND;
    record[4] = owner(hash, (const u32 *)values, (const u32 *)servers, count, (const u32 *)index,
                      shift);
    record[5] = words;
    record[6] = key;
    record[7] = keyLength;
    record += RECORD_WORDS;
    frames++;
  }
  return frames;
}
