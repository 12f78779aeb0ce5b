import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { ROOT, readSource } from '../support/source-tree.ts';

describe('the npm package', () => {
  test('holds what it needs to run, and nothing else', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
    const output = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
    const files: string[] = JSON.parse(output)[0].files.map((file: { path: string }) => file.path);
    for (const wanted of [
      'build/cli/ringway.js',
      'build/cli/cli.js',
      'build/cli/cli.js.map',
      'build/cli/worker.js',
      'build/cli/LICENSES.txt',
      'build/cli/page/index.html',
      'build/src/cli.js',
      'build/src/index.js',
      'build/src/index.d.ts',
      'build/src/stats/http/page/index.html',
      'build/ringway.wasm',
      'build/ringway-simd.wasm',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ]) {
      assert.ok(files.includes(wanted), `${wanted} is missing`);
    }
    const expected = /^(build\/src\/.*\.(js|d\.ts)|build\/ringway(-simd)?\.wasm|[\w.]+)$/;
    const bundle = /^build\/cli\/(\w+\.js(\.map)?|LICENSES\.txt|page\/[a-z]+\.(html|css|js))$/;
    const page = /^build\/src\/stats\/http\/page\/[a-z]+\.(html|css)$/;
    assert.deepEqual(
      files.filter((file) => !expected.test(file) && !page.test(file) && !bundle.test(file)),
      [],
    );
  });

  test('the command can be run by the shell', () => {
    assert.equal(readSource('build/cli/ringway.js').split('\n')[0], '#!/usr/bin/env node');
  });
});

describe('the lockfile', () => {
  type Entry = { integrity?: string };
  const { '': _self, ...packages }: Record<string, Entry> = JSON.parse(
    readSource('package-lock.json'),
  ).packages;

  // Those for other systems too: npm takes what has no digest from whoever serves it.
  test('has the digest of every package, whichever system it is for', () => {
    const digest = /^sha512-[A-Za-z0-9+/]{86}==$/;
    const without = Object.entries(packages).filter(
      ([, { integrity }]) => integrity === undefined || !digest.test(integrity),
    );
    assert.ok(Object.keys(packages).length > 50);
    assert.deepEqual(
      without.map(([path]) => path),
      [],
    );
  });
});
