import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as table from '../../src/protocol/frame-table.ts';
import { commandHash } from '../../src/protocol/redis/table/command-table-layout.ts';
import { instantiate, instantiateBytes } from '../../src/wasm/instance.ts';

const BUILDS = ['ringway', 'ringway-simd', 'ringway-debug'];
const FUNCTIONS = [
  'commandHash',
  'copyFragments',
  'fragment',
  'gather',
  'hashKey',
  'indexPoints',
  'ketamaPointCount',
  'ketamaPoints',
  'matchItems',
  'place',
  'route',
  'scanMemcacheReplies',
  'scanMemcacheRequests',
  'scanReplies',
  'scanRequests',
  'sortPoints',
  'spliceElements',
  'spliceItems',
  'splitMemcacheKeys',
  'splitMemcacheValues',
  'splitReply',
  'splitRequest',
];
/** Offsets in a record: bytes in the module, words in JavaScript. */
const RECORD_FIELD = /^RECORD_(?!BYTES)/;

const compile = (name: string) =>
  new WebAssembly.Module(readFileSync(new URL(`../../../build/${name}.wasm`, import.meta.url)));

for (const build of BUILDS) {
  test(`${build}: functions, memory and the layout, nothing else`, () => {
    const module = compile(build);
    const exported = WebAssembly.Module.exports(module);
    const functions = exported.filter((item) => item.kind === 'function').map((item) => item.name);
    assert.deepEqual(functions.sort(), FUNCTIONS);
    const others = exported.filter((item) => !['function', 'global'].includes(item.kind));
    assert.deepEqual(
      others.map((item) => item.name),
      ['memory'],
    );

    const memory = new WebAssembly.Memory({ initial: 40, maximum: 40 });
    const { exports } = new WebAssembly.Instance(module, { env: { memory, abort() {} } });
    const globals = Object.entries(exports).filter(([, it]) => it instanceof WebAssembly.Global);
    const inModule = Object.fromEntries(
      globals.map(([name, it]) => [name, (it as WebAssembly.Global).value >>> 0]),
    );
    const inScript = Object.fromEntries(
      Object.entries(table).map(([name, value]) => [
        name,
        RECORD_FIELD.test(name) ? value * 4 : value,
      ]),
    );
    assert.deepEqual(inModule, inScript);
  });

  test(`${build}: imports the memory, and abort only with assertions`, () => {
    const imports = WebAssembly.Module.imports(compile(build)).map((item) => item.name);
    const expected = build === 'ringway-debug' ? ['abort', 'memory'] : ['memory'];
    assert.deepEqual(imports.sort(), expected);
  });
}

test('a memory of any size will do, and keeps it', () => {
  for (const pages of [40, 1024]) {
    assert.equal(instantiate('simd', pages).buffer.byteLength, pages * 65536);
  }
});

test('assertions of the debug build reach JavaScript, with the place in the source', () => {
  const url = new URL('../../../build/ringway-debug.wasm', import.meta.url);
  const { exports } = instantiateBytes(readFileSync(url), 40);
  assert.throws(
    () => exports.scanReplies(8, 4, 1024, 1),
    /assertion failed in assembly\/[a-z-]+\.ts:\d+:\d+: /,
  );
});

test('the condition ringway-debug chooses the build with assertions', () => {
  const instance = JSON.stringify(new URL('../../src/wasm/instance.js', import.meta.url));
  const program = `
    import { instantiate } from ${instance};
    instantiate('scalar', 40).exports.scanReplies(8, 4, 1024, 1);`;
  const args = ['--input-type=module', '--eval', program];
  const run = (...conditions: string[]) =>
    spawnSync(process.execPath, [...conditions, ...args], { encoding: 'utf8' });
  assert.match(run('--conditions=ringway-debug').stderr, /assertion failed in assembly\//);
  assert.equal(run().stderr, '');
});

test('commandHash is the same in both languages', () => {
  const { exports } = instantiate('scalar', 40);
  for (let i = 0; i < 10_000; i++) {
    const low = Math.imul(i, 0x9e3779b1);
    const high = Math.imul(i, 0x7feb352d);
    assert.equal(exports.commandHash(low, high, i & 31) >>> 0, commandHash(low, high, i & 31));
  }
});
