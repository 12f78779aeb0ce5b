import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { selectCodec } from '../../src/codec/select.ts';

const arenaBytes = 4 << 20;

function select(wanted: 'auto' | 'wasm' | 'wasm-scalar' | 'js', bytes = arenaBytes) {
  const lines: string[] = [];
  const codec = selectCodec({ wanted, arenaBytes: bytes, log: (line) => lines.push(line) });
  return { codec, lines };
}

test('each choice makes its codec and says so in one line', () => {
  for (const [wanted, name] of [
    ['auto', 'wasm-simd'],
    ['wasm', 'wasm-simd'],
    ['wasm-scalar', 'wasm-scalar'],
    ['js', 'js'],
  ] as const) {
    const { codec, lines } = select(wanted);
    assert.equal(codec.name, name);
    assert.equal(codec.arena.buffer.byteLength, arenaBytes);
    assert.deepEqual(lines, [`codec ${name} (asked for ${wanted})`]);
  }
});

test('the arena is rounded up to whole pages', () => {
  for (const wanted of ['wasm', 'js'] as const) {
    assert.equal(select(wanted, arenaBytes + 1).codec.arena.buffer.byteLength, arenaBytes + 65536);
  }
});

test('an arena without room behind the fixed regions is refused', () => {
  assert.throws(() => select('js', 65536), RangeError);
  assert.throws(() => select('js', Number.NaN), RangeError);
});

test('without WebAssembly, auto falls back to JavaScript and an explicit choice fails', (t) => {
  const { Memory } = WebAssembly;
  t.after(() => {
    WebAssembly.Memory = Memory;
  });
  WebAssembly.Memory = class {
    constructor() {
      throw new RangeError('could not allocate memory');
    }
  } as unknown as typeof Memory;
  const { codec, lines } = select('auto');
  assert.equal(codec.name, 'js');
  assert.equal(lines.length, 1);
  assert.match(lines[0], /simd build: could not allocate memory; scalar build: could not/);
  assert.throws(() => select('wasm'), /codec wasm cannot be used: simd build: could not allocate/);
  assert.throws(() => select('wasm-scalar'), /codec wasm-scalar cannot be used/);
});

test('under a limit of the address space auto still finds a codec', () => {
  const url = new URL('../../src/codec/select.js', import.meta.url).href;
  const script = `
    import { selectCodec } from ${JSON.stringify(url)};
    const log = (line) => console.log(line);
    selectCodec({ wanted: 'auto', arenaBytes: 64 << 20, log });`;
  const { stdout, stderr, status } = spawnSync(
    '/bin/sh',
    ['-c', 'ulimit -v 2097152 && exec "$0" --input-type=module -e "$1"', process.execPath, script],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^codec (js|wasm-simd) \(asked for auto\)/);
  assert.equal(stdout.trim().split('\n').length, 1);
});
