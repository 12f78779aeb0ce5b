import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JsCodec } from '../../src/codec/js-codec.ts';
import { selectCodec } from '../../src/codec/select.ts';
import { WasmCodec } from '../../src/codec/wasm-codec.ts';
import { tagWord } from '../../src/distribution/hash-tag.ts';
import { writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing } from '../../src/distribution/ring.ts';
import { HASH_NAMES } from '../../src/hash/index.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import { FIXED_END } from '../../src/protocol/frame-table.ts';
import {
  type CommandEntry,
  writeCommandTable,
} from '../../src/protocol/redis/table/command-table-layout.ts';
import { instantiateBytes, PAGE_BYTES } from '../../src/wasm/instance.ts';

export interface LabelledCodec {
  readonly label: 'js' | 'wasm-scalar' | 'wasm-simd' | 'wasm-debug';
  readonly codec: Codec;
}

/** The commands of the codec tests: every shape of entry the scanners distinguish. */
export const TEST_COMMANDS: readonly CommandEntry[] = [
  { name: 'get', index: 1, special: false, arity: 2, keyWord: 1, plainCount: 0 },
  { name: 'SET', index: 2, special: false, arity: -3, keyWord: 1, plainCount: 0 },
  { name: 'MGET', index: 3, special: true, arity: -2, keyWord: 1, plainCount: 2 },
  { name: 'PING', index: 4, special: true, arity: -1, keyWord: 0, plainCount: 0 },
  { name: 'EVAL', index: 5, special: false, arity: -4, keyWord: 3, plainCount: 0 },
  { name: 'FLUSHALL', index: 6, special: true, arity: 1, keyWord: 0, plainCount: 0 },
  { name: 'ZREVRANGE', index: 7, special: false, arity: -4, keyWord: 1, plainCount: 0 },
  { name: 'ZREMRANGEBYLEX', index: 8, special: false, arity: 4, keyWord: 1, plainCount: 0 },
  { name: 'ZREMRANGEBYRANK', index: 9, special: false, arity: 4, keyWord: 1, plainCount: 0 },
  { name: 'ZREMRANGEBYSCORE', index: 10, special: false, arity: 4, keyWord: 1, plainCount: 0 },
  { name: `X${'Y'.repeat(31)}`, index: 11, special: false, arity: 2, keyWord: 1, plainCount: 0 },
  { name: 'GETRANGE', index: 13, special: false, arity: 4, keyWord: 1, plainCount: 0 },
  { name: 'T', index: 12, special: false, arity: -1, keyWord: 2, plainCount: 0 },
];

/** Addresses of the descriptors that prepareCodec writes: no hash tag, `{}`, slots of a cluster. */
export const TEST_POOL = FIXED_END;
export const TEST_POOL_TAG = FIXED_END + 0x40000;
export const TEST_POOL_SLOTS = FIXED_END + 0x80000;
/** Tests may use the bytes from here on. */
export const TEST_BASE = FIXED_END + 0x100000;
export const TEST_ARENA_BYTES = FIXED_END + 0x600000;

const DEBUG_BUILD = '../../../build/ringway-debug.wasm';

/**
 * One fresh codec of each kind, with TEST_COMMANDS and pools of five servers. The last is the
 * WebAssembly build with assertions.
 */
export function allCodecs(arenaBytes: number = TEST_ARENA_BYTES): LabelledCodec[] {
  const debug = join(dirname(fileURLToPath(import.meta.url)), DEBUG_BUILD);
  if (!existsSync(debug)) throw new Error(`${debug} is missing: asc assembly/index.ts -t debug`);
  const pages = Math.ceil(arenaBytes / PAGE_BYTES);
  const log = () => {};
  const codecs: LabelledCodec[] = [
    { label: 'js', codec: new JsCodec(pages * PAGE_BYTES) },
    { label: 'wasm-scalar', codec: selectCodec({ wanted: 'wasm-scalar', arenaBytes, log }) },
    { label: 'wasm-simd', codec: selectCodec({ wanted: 'wasm', arenaBytes, log }) },
    {
      label: 'wasm-debug',
      codec: new WasmCodec('wasm-scalar', instantiateBytes(readFileSync(debug), pages)),
    },
  ];
  for (const { codec } of codecs) prepareCodec(codec);
  return codecs;
}

/** Writes TEST_COMMANDS and the pools of the codec tests. */
export function prepareCodec(codec: Codec): void {
  const { words, bytes } = codec.arena;
  writeCommandTable(words, bytes, TEST_COMMANDS);
  const servers = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name: Buffer.from(name), weight: 1 }));
  for (const [pool, tag, distribution] of [
    [TEST_POOL, null, 'ketama'],
    [TEST_POOL_TAG, Buffer.from('{}'), 'ketama'],
    [TEST_POOL_SLOTS, null, 'slots'],
  ] as const) {
    const options = {
      hash: HASH_NAMES.indexOf('fnv1a_64'),
      distribution,
      tag: tagWord(tag),
    } as const;
    writePool(words, pool, buildRing(servers, [1, 1, 1, 1, 1], options));
  }
}
