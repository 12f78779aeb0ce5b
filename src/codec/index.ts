/**
 * ringway's hashes, rings and codecs for other programs: `import { … } from 'ringway/codec'`.
 * Nothing here opens a socket or keeps a state that calls share.
 * @packageDocumentation
 */

export type { DistributionName } from '../distribution/names.ts';
export { HASH_NAMES, type Hash, type HashName, hashByName } from '../hash/index.ts';
export type { Arena } from '../protocol/arena.ts';
export type { Codec, CodecName } from '../protocol/codec.ts';
export * as frameTable from '../protocol/frame-table.ts';
export { CODEC_CHOICES, type CodecChoice } from './choices.ts';
export { createRing, type KeyRing, type RingOptions, type RingServer } from './key-ring.ts';
export {
  createScanner,
  type Frame,
  type Scanned,
  type Scanner,
  type ScannerOptions,
} from './scanner.ts';
