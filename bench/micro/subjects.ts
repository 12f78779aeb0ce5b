import { JsCodec } from '../../src/codec/js-codec.ts';
import { WasmCodec } from '../../src/codec/wasm-codec.ts';
import { poolBytesForServers, writePool } from '../../src/distribution/pool-descriptor.ts';
import { buildRing, type RingDistribution } from '../../src/distribution/ring.ts';
import { HASH_NAMES, type Hash, hashByIndex } from '../../src/hash/index.ts';
import type { Codec } from '../../src/protocol/codec.ts';
import { FIXED_END } from '../../src/protocol/frame-table.ts';
import { writeCommandTable } from '../../src/protocol/redis/table/command-table-layout.ts';
import { scannerEntries } from '../../src/protocol/redis/table/scanner-entries.ts';
import type { RingwayExports } from '../../src/wasm/exports.ts';
import { instantiate, PAGE_BYTES, type WasmBuild } from '../../src/wasm/instance.ts';

/** Descriptor of a pool with one server: nothing is hashed. */
export const SINGLE_POOL = FIXED_END;
/** Descriptor of a pool with four servers, ketama and fnv1a_64. */
export const RING_POOL: number = SINGLE_POOL + 0x8000;
/** Descriptor of a Redis Cluster of three. */
export const SLOTS_POOL: number = SINGLE_POOL + 0x10000;
/** Behind the rings: room for what is gathered, and for keys to be hashed. */
export const FREE: number = FIXED_END + 0x20000;
export const FREE_BYTES = 0x100000;

/** Hashes `count` keys of `length` bytes that stand one behind the other. */
export type HashLoop = (first: number, count: number, length: number) => number;

/** One implementation under test, with its own arena. */
export interface Subject {
  /** The codec's, or another where there are several of one kind. */
  readonly name: string;
  readonly codec: Codec;
  /** A loop over one of the hashes, by its position in HASH_NAMES. */
  readonly hashLoop: (kind: number) => HashLoop;
}

const PAGES = (FREE + FREE_BYTES) / PAGE_BYTES;

/** JavaScript first: the others are compared with it. */
export function subjects(): Subject[] {
  return [javaScript('js'), wasm('scalar', PAGES), wasm('simd', PAGES)];
}

/** Another JavaScript codec, to compare the first with what should be no slower and no faster. */
export function sameAgain(): Subject {
  return javaScript(SAME_AGAIN);
}

export const SAME_AGAIN = 'js again';

function javaScript(name: string): Subject {
  const codec = new JsCodec(PAGES * PAGE_BYTES);
  prepare(codec);
  return { name, codec, hashLoop: (kind) => jsLoop(hashByIndex(kind), codec.arena.bytes) };
}

function wasm(build: WasmBuild, pages: number): Subject {
  const instance = instantiate(build, pages);
  const name = `wasm-${build}` as const;
  const { hashKey } = instance.exports;
  const codec = new WasmCodec(name, instance);
  prepare(codec);
  return {
    name,
    codec,
    hashLoop: (kind) => wasmLoop(hashKey, kind),
  };
}

function jsLoop(hash: Hash, bytes: Uint8Array): HashLoop {
  const loop = unshared((hash: Hash, bytes: Uint8Array, at: number, end: number, step: number) => {
    let sum = 0;
    for (; at < end; at += step) sum ^= hash(bytes, at, at + step);
    return sum;
  });
  return (first, count, length) => loop(hash, bytes, first, first + count * length, length);
}

function wasmLoop(hashKey: RingwayExports['hashKey'], kind: number): HashLoop {
  const loop = unshared(
    (hash: typeof hashKey, kind: number, at: number, end: number, step: number) => {
      let sum = 0;
      for (; at < end; at += step) sum ^= hash(kind, at, step);
      return sum;
    },
  );
  return (first, count, length) => loop(hashKey, kind, first, first + count * length, length);
}

let copies = 0;

/**
 * A copy of a function that uses nothing but its parameters. The engine learns about each copy
 * separately; otherwise what is measured first would spoil the call sites of the next, which no
 * running proxy has. The number makes the texts differ: the engine knows a text it has compiled
 * before, and would go on with what it learnt about it.
 */
export function unshared<T extends (...args: never[]) => unknown>(code: T): T {
  return new Function(`return ${code} // ${++copies}`)() as T;
}

function prepare(codec: Codec): void {
  const { words, bytes } = codec.arena;
  writeCommandTable(words, bytes, scannerEntries());
  writeRing(words, SINGLE_POOL, ['ada']);
  writeRing(words, RING_POOL, ['ada', 'grace', 'edsger', 'barbara']);
  writeRing(words, SLOTS_POOL, ['ada', 'grace', 'edsger'], 'slots');
}

function writeRing(
  words: Uint32Array,
  address: number,
  names: readonly string[],
  distribution: RingDistribution = 'ketama',
): void {
  const servers = names.map((name) => ({ name: Buffer.from(name), weight: 1 }));
  const size = poolBytesForServers(servers.length, distribution);
  const next = [RING_POOL, SLOTS_POOL].find((other) => other > address) ?? FREE;
  if (address + size > next) {
    throw new Error('the ring is too large');
  }
  const live = names.map(() => 1);
  const hash = HASH_NAMES.indexOf('fnv1a_64');
  writePool(words, address, buildRing(servers, live, { hash, distribution, tag: 0 }));
}
