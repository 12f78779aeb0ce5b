import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FRAME_TABLE,
  FRAME_TABLE_RECORDS,
  POOL_INDEX,
  POOL_INDEX_SHIFT,
  POOL_RING_COUNT,
  POOL_RING_SERVERS,
  POOL_RING_VALUES,
  RECORD_BYTES,
  RECORD_KEY,
  RECORD_KEY_LENGTH,
  RECORD_LENGTH,
  RECORD_SERVER,
  RECORD_START,
  WINDOW,
} from '../../src/protocol/frame-table.ts';
import { PAGE_BYTES } from '../../src/wasm/instance.ts';
import type { Corpus } from '../corpus.ts';
import type { Task } from '../micro/measure.ts';
import { RING_POOL, type Subject } from '../micro/subjects.ts';
import { scanWindow } from '../micro/window-case.ts';

const SOURCE = 'bench/lab/scanner.c';
const FLAGS = ['--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib'];
const LINK = ['-Wl,--no-entry', '-Wl,--export=scan', '-Wl,--import-memory'];
/** Windows per call of a task, as windowCase has them. */
const REPEATS = 8;

/**
 * The module that clang makes of scanner.c.
 * @returns null without a clang that can link for WebAssembly
 */
export function compileScanner(): WebAssembly.Module | null {
  const dir = mkdtempSync(join(tmpdir(), 'ringway-lab-'));
  try {
    const file = join(dir, 'scanner.wasm');
    execFileSync('clang', [...FLAGS, ...LINK, '-o', file, SOURCE], { stdio: 'ignore' });
    return new WebAssembly.Module(readFileSync(file));
  } catch {
    // It is a contestant where a compiler is at hand; who measures is told that it is missing.
    return null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Scanner {
  readonly arena: Uint8Array<ArrayBuffer>;
  /** Scans the window up to `end`. @returns the frames */
  readonly scan: (end: number) => number;
}

/** An arena laid out like that of `reference`, with the same ring. */
function scannerLike(module: WebAssembly.Module, reference: Subject): Scanner {
  const { bytes: model, words } = reference.codec.arena;
  const pages = Math.ceil(model.length / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const scan = exports['scan'] as (...words: number[]) => number;
  const arena = new Uint8Array(memory.buffer);
  arena.set(model);
  const pool = RING_POOL / 4;
  const [values, servers, count, index, shift] = RING.map((word) => words[pool + word]);
  return {
    arena,
    scan: (end) => scan(WINDOW, end, FRAME_TABLE, values, servers, count, index, shift),
  };
}

const RING = [POOL_RING_VALUES, POOL_RING_SERVERS, POOL_RING_COUNT, POOL_INDEX, POOL_INDEX_SHIFT];

/** The same windows with the scanner in C. */
export function cTask(module: WebAssembly.Module, corpus: Corpus, reference: Subject): Task {
  const { arena, scan } = scannerLike(module, reference);
  const end = WINDOW + corpus.bytes.length;
  return {
    codec: 'C, clang -O3',
    before: () => arena.set(corpus.bytes, WINDOW),
    run: () => {
      for (let i = 0; i < REPEATS; i++) {
        if (scan(end) !== corpus.frames) throw new Error('frames are missing');
      }
    },
  };
}

const COMPARED = [RECORD_START, RECORD_LENGTH, RECORD_SERVER, RECORD_KEY, RECORD_KEY_LENGTH];

/** @throws Error unless the scanner in C makes the records that ringway's codec makes */
export function compareScanner(
  module: WebAssembly.Module,
  corpus: Corpus,
  reference: Subject,
): void {
  if (corpus.frames > FRAME_TABLE_RECORDS) throw new Error('more frames than one table holds');
  const { codec } = reference;
  const { arena, scan } = scannerLike(module, reference);
  const found = new Uint32Array(arena.buffer);
  const end = WINDOW + corpus.bytes.length;
  for (const bytes of [arena, codec.arena.bytes]) bytes.set(corpus.bytes, WINDOW);
  const expected = scanWindow(codec, end, RING_POOL);
  const frames = scan(end);
  if (frames !== expected) throw new Error(`C finds ${frames} frames, ringway ${expected}`);
  for (let i = 0; i < frames; i++) {
    const at = (FRAME_TABLE + i * RECORD_BYTES) / 4;
    for (const word of COMPARED) {
      if (found[at + word] !== codec.arena.words[at + word]) {
        throw new Error(`${corpus.name}: frame ${i}, word ${word} differs from ringway's`);
      }
    }
  }
}
