import type { Codec } from '../protocol/codec.ts';
import { FIXED_END } from '../protocol/frame-table.ts';
import { instantiate, PAGE_BYTES, type WasmBuild } from '../wasm/instance.ts';
import type { CodecChoice } from './choices.ts';
import { JsCodec } from './js-codec.ts';
import { WasmCodec } from './wasm-codec.ts';

/** Which codec is wanted, and how much room it needs. */
export interface SelectOptions {
  readonly wanted: CodecChoice;
  /** Size of the arena, for good; rounded up to whole pages of 64 KiB. */
  readonly arenaBytes: number;
  /** Gets one line: which codec runs, and why when it is not the best one. */
  readonly log: (line: string) => void;
}

/**
 * Makes the codec and its arena. `auto` tries WebAssembly with SIMD, then without, then JavaScript.
 * @throws Error when an explicit choice cannot be had
 */
export function selectCodec(options: SelectOptions): Codec {
  const { wanted, log } = options;
  const pages = Math.ceil(options.arenaBytes / PAGE_BYTES);
  if (!(pages * PAGE_BYTES > FIXED_END)) {
    throw new RangeError(`arenaBytes ${options.arenaBytes}: must be above ${FIXED_END}`);
  }
  const failures: string[] = [];
  if (wanted === 'auto' || wanted === 'wasm') {
    const codec = tryWasm('simd', pages, failures);
    if (codec !== null) return chosen(codec, wanted, failures, log);
  }
  if (wanted === 'auto' || wanted === 'wasm-scalar') {
    const codec = tryWasm('scalar', pages, failures);
    if (codec !== null) return chosen(codec, wanted, failures, log);
  }
  if (wanted === 'auto' || wanted === 'js') {
    return chosen(new JsCodec(pages * PAGE_BYTES), wanted, failures, log);
  }
  throw new Error(`codec ${wanted} cannot be used: ${failures.join('; ')}`);
}

function tryWasm(build: WasmBuild, pages: number, failures: string[]): Codec | null {
  try {
    return new WasmCodec(`wasm-${build}`, instantiate(build, pages));
  } catch (error) {
    failures.push(`${build} build: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function chosen(codec: Codec, wanted: CodecChoice, failures: string[], log: SelectOptions['log']) {
  const why = failures.length > 0 ? `, as others failed: ${failures.join('; ')}` : '';
  log(`codec ${codec.name} (asked for ${wanted})${why}`);
  return codec;
}
