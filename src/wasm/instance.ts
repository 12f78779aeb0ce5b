import { readFileSync } from 'node:fs';
import type { RingwayExports } from './exports.ts';

/** The builds that ship; both export the same functions. */
export type WasmBuild = 'simd' | 'scalar';

/** A loaded module and its memory. */
export interface WasmInstance {
  readonly exports: RingwayExports;
  /** As large as asked for, for good: growing a memory would detach every view of it. */
  readonly buffer: ArrayBuffer;
}

/** Bytes per page of a WebAssembly.Memory. */
export const PAGE_BYTES = 65536;

/**
 * Loads one build with a memory of `pages` pages.
 * @throws when the memory cannot be had (each reserves gigabytes of address space), when the file
 * is missing, or when the engine lacks SIMD
 */
export function instantiate(build: WasmBuild, pages: number): WasmInstance {
  const name = build === 'simd' ? '#ringway-simd.wasm' : '#ringway.wasm';
  return instantiateBytes(readFileSync(new URL(import.meta.resolve(name))), pages);
}

/** Loads any build of the module, also the one with assertions. */
export function instantiateBytes(wasm: Uint8Array<ArrayBuffer>, pages: number): WasmInstance {
  const module = new WebAssembly.Module(wasm);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const abort = (message: number, file: number, line: number, column: number): never => {
    const what = textAt(memory, message) || 'a rule of its own is broken';
    throw new Error(`assertion failed in ${textAt(memory, file)}:${line}:${column}: ${what}`);
  };
  const instance = new WebAssembly.Instance(module, { env: { memory, abort } });
  return { exports: instance.exports as unknown as RingwayExports, buffer: memory.buffer };
}

/** A string constant of the build with assertions: UTF-16, its bytes counted in front of it. */
function textAt(memory: WebAssembly.Memory, at: number): string {
  if (at === 0) return '';
  const bytes = new DataView(memory.buffer).getUint32(at - 4, true);
  return Buffer.from(memory.buffer, at, bytes).toString('utf16le');
}
