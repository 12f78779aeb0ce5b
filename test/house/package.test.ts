import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT, readSource } from '../support/source-tree.ts';

const PACK = ['pack', '--json', '--ignore-scripts', '--loglevel=error'];

function npm(args: readonly string[], cwd = ROOT): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8' });
}

describe('the npm package', () => {
  const files: string[] = JSON.parse(npm([...PACK, '--dry-run']))[0].files.map(
    (file: { path: string }) => file.path,
  );

  test('holds what it needs to run, what people copy, and nothing else', () => {
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
      'docs/examples/cache.yml',
      'packaging/ringway.1',
      'packaging/ringway.schema.json',
      'packaging/completions/ringway.bash',
      'packaging/systemd/ringway.service',
    ]) {
      assert.ok(files.includes(wanted), `${wanted} is missing`);
    }
    const expected = /^(build\/src\/.*\.(js|d\.ts)|build\/ringway(-simd)?\.wasm|[\w.]+)$/;
    const bundle = /^build\/cli\/(\w+\.js(\.map)?|LICENSES\.txt|page\/[a-z]+\.(html|css|js))$/;
    const page = /^build\/src\/stats\/http\/page\/[a-z]+\.(html|css)$/;
    const docs = /^docs\/([\w/-]+\.(md|yml|mjs|ts|html)|images\/[\w-]+\.(svg|png))$/;
    const copied = /^packaging\/(?!generate\/)[\w/.-]+(?<!\.(mjs|ts|js))$/;
    assert.deepEqual(
      files.filter(
        (file) => ![expected, page, bundle, docs, copied].some((each) => each.test(file)),
      ),
      [],
    );
  });

  test('every link of its pages leads to something that it holds', () => {
    const missing = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) =>
        [...readSource(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].flatMap(([, to]) => {
          const target = normalize(join(dirname(page), to)).replace(/\/$/, '');
          const held = files.some((file) => file === target || file.startsWith(`${target}/`));
          return held ? [] : [`${page}: ${to}`];
        }),
      );
    assert.deepEqual(missing, []);
  });

  test('says where it comes from, with one address for all', () => {
    const { homepage, repository, bugs, keywords, man } = JSON.parse(readSource('package.json'));
    const host = new URL(homepage).host;
    for (const address of [repository.url.replace('git+', ''), bugs.url]) {
      assert.ok(new URL(address).host.endsWith(host), address);
    }
    assert.ok(keywords.length > 5);
    // npm makes nothing of a text alone.
    assert.ok(Array.isArray(man) && man.every((page) => files.includes(normalize(page))), man);
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
