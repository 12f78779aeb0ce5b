import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filesBelow, importsOf, readSource } from '../support/source-tree.ts';

// The layers of src/, lowest first: who may import whom. A file or folder that is not listed here
// fails the test, so a new one has to find its place first.

const BASE = [
  'limits',
  'errors',
  'log',
  'internal-errors',
  'stats/counters',
  'stats/latency',
  'stats/histogram',
];
const REFERENCE = ['hash', 'distribution', 'protocol'];
const CODECS = ['codec', 'wasm'];

const MAY_IMPORT: Record<string, readonly string[]> = {
  limits: [],
  errors: [],
  log: ['limits', 'errors'],
  'internal-errors': ['limits', 'log'],
  'stats/counters': [],
  'stats/histogram': [],
  'stats/latency': ['stats/histogram'],
  hash: [...BASE, ...REFERENCE],
  distribution: [...BASE, ...REFERENCE],
  protocol: [...BASE, ...REFERENCE],
  wasm: [...BASE, ...REFERENCE, ...CODECS],
  codec: [...BASE, ...REFERENCE, ...CODECS],
  net: [...BASE, 'net'],
  config: ['limits', 'errors', 'config'],
  proxy: [
    ...BASE,
    ...REFERENCE,
    ...CODECS,
    'net',
    'config',
    'proxy',
    'proxy/pool-ring',
    'proxy/pool-changes',
  ],
  stats: [...BASE, ...REFERENCE, 'net', 'config', 'proxy', 'proxy/pool-ring', 'stats'],
  admin: [...BASE, 'admin'],
  commands: [
    ...BASE,
    ...REFERENCE,
    'config',
    'proxy/pool-ring',
    'proxy/config-changes',
    'stats',
    'admin',
    'commands',
  ],
  'proxy/pool-ring': [...BASE, ...REFERENCE, 'config'],
  'proxy/pool-changes': ['config'],
  'proxy/config-changes': [
    ...BASE,
    ...REFERENCE,
    'config',
    'proxy/pool-ring',
    'proxy/pool-changes',
  ],
  logging: [...BASE, 'logging'],
  options: [],
  usage: ['options'],
  'command-line': [...BASE, 'config', 'options', 'usage'],
};

/** Files that put everything together; they may import whatever they need. */
const ROOTS = ['cli', 'index', 'run', 'workers'];

/** Packages and built-in modules that only some layers may use. */
const RESERVED: [module: RegExp, layers: readonly string[]][] = [
  [/^yaml$/, ['config']],
  [/^pino$/, ['logging']],
  [/^prom-client$/, ['stats']],
  // config only asks node:net whether a text is an IP address.
  [
    /^node:(net|tls|http|dgram)$/,
    ['net', 'proxy', 'stats', 'admin', 'commands', 'config', ...ROOTS],
  ],
  [/^node:cluster$/, ROOTS],
  [/^node:child_process$/, ROOTS],
];

const files = filesBelow('src').filter((file) => file.endsWith('.ts'));

/** The name in MAY_IMPORT that a path in src/ belongs to: a file by itself, or its folder. */
function layerOf(path: string): string {
  const inside = path.replace(/^src\//, '').replace(/\.ts$/, '');
  return inside in MAY_IMPORT ? inside : inside.split('/')[0];
}

describe('who may import whom', () => {
  test('there is something to check', () => assert.ok(files.length > 20));

  for (const file of files) {
    test(file, () => {
      const layer = layerOf(file);
      const isRoot = ROOTS.includes(layer);
      assert.ok(isRoot || layer in MAY_IMPORT, `${layer} has no place in MAY_IMPORT yet`);
      for (const imported of importsOf(file)) {
        checkReserved(layer, imported);
        if (!imported.startsWith('src/')) {
          assert.doesNotMatch(imported, /^(assembly|bench|test|packaging)\//, 'leaves src/');
        } else if (!isRoot) {
          const target = layerOf(imported);
          assert.ok(MAY_IMPORT[layer].includes(target), `${layer} may not import ${target}`);
        }
      }
    });
  }

  function checkReserved(layer: string, imported: string): void {
    for (const [module, layers] of RESERVED) {
      if (module.test(imported)) {
        assert.ok(layers.includes(layer), `${layer} may not import ${imported}`);
      }
    }
  }

  test('the packages used at run time are the known ones', () => {
    const packages = files.flatMap(importsOf).filter((name) => !/^(node:|src\/)/.test(name));
    assert.deepEqual([...new Set(packages)].sort(), ['pino', 'prom-client', 'yaml']);
  });

  test('only wasm/ opens the WebAssembly modules', () => {
    const opens = /ringway(-\w+)?\.wasm['"`]|WebAssembly\.(Module|Instance|compile|instantiate)/;
    for (const file of files) {
      if (layerOf(file) !== 'wasm') assert.doesNotMatch(readSource(file), opens, file);
    }
  });

  test('only the composition roots read the command line and the environment', () => {
    for (const file of files) {
      if (ROOTS.includes(layerOf(file))) continue;
      assert.doesNotMatch(readSource(file), /\bprocess\.(argv|env)\b|['"]node:process['"]/, file);
    }
  });

  test('assembly/ imports nothing outside itself', () => {
    for (const file of filesBelow('assembly').filter((name) => name.endsWith('.ts'))) {
      for (const imported of importsOf(file)) assert.match(imported, /^assembly\//, file);
    }
  });
});
