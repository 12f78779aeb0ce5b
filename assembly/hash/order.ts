// The numbers of the hashes: their positions in HASH_NAMES of src/hash/names.ts. A test hashes with
// each number and compares with the hash of that name.
export const ONE_AT_A_TIME: u32 = 0;
export const MD5: u32 = 1;
export const CRC16: u32 = 2;
export const CRC32: u32 = 3;
export const CRC32A: u32 = 4;
export const FNV1_64: u32 = 5;
export const FNV1A_64: u32 = 6;
export const FNV1_32: u32 = 7;
export const FNV1A_32: u32 = 8;
export const HSIEH: u32 = 9;
export const MURMUR: u32 = 10;
export const JENKINS: u32 = 11;
