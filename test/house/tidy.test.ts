import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { filesBelow, ROOT, readSource } from '../support/source-tree.ts';

const FOLDERS = ['assembly', 'bench', 'docs', 'packaging', 'src', 'test'];
const MAX_LINES = 400;
const MAX_COLUMNS = 100;

// A scanner reads top to bottom, one state after the other; cutting it up hides the order.
const LONG_FILES = ['src/protocol/redis/scan/request-scanner.ts'];

const SELF = 'test/house/tidy.test.ts';
const present = FOLDERS.filter((folder) => existsSync(join(ROOT, folder)));
const all = present
  .flatMap(filesBelow)
  .filter((file) => !file.startsWith('test/golden/') && file !== SELF);
const code = all.filter((file) => /\.(ts|mjs)$/.test(file));
const prose = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...all.filter((file) => file.endsWith('.md')),
];

/** "file:line: text" of every line that matches. */
function linesWith(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? `${file}:${i + 1}: ${line.trim()}` : [])),
  );
}

describe('the house is tidy', () => {
  test('top-level folders are the known ones', () => {
    const found = readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name);
    const unknown = found.filter((name) => ![...FOLDERS, 'build', 'node_modules'].includes(name));
    assert.deepEqual(unknown, []);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = code.filter((file) => readSource(file).split('\n').length > MAX_LINES + 1);
    assert.deepEqual(
      long.filter((file) => !LONG_FILES.includes(file)),
      [],
    );
  });

  test(`no line of code is longer than ${MAX_COLUMNS} columns`, () => {
    const pattern = new RegExp(`^.{${MAX_COLUMNS + 1}}`);
    const checked = code.filter((file) => /^(src|assembly)\//.test(file));
    assert.deepEqual(linesWith(checked, pattern), []);
  });

  test('file names are kebab-case', () => {
    const odd = code.filter((file) => !/^([a-z0-9-]+\/)+[a-z0-9-]+(\.[a-z-]+)*$/.test(file));
    assert.deepEqual(odd, []);
  });

  test('nothing is left to do later', () => {
    assert.deepEqual(linesWith(code, /\b(TODO|FIXME|XXX|HACK)\b/), []);
  });

  test('no test is switched off or favoured', () => {
    const pattern = /\b(test|it|describe|suite)\.(skip|only|todo)\b|\b(skip|only|todo): *(true|')/;
    const tests = code.filter((file) => file.startsWith('test/'));
    assert.deepEqual(linesWith(tests, pattern), []);
  });

  test('no path of one particular machine', () => {
    const pattern = /(^|[\s'"`(=:])\/(work|home|root|Users)\//;
    assert.deepEqual(linesWith([...code, ...prose], pattern), []);
  });

  test('links between documents lead somewhere', () => {
    for (const file of prose) {
      for (const [, target] of readSource(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
        assert.ok(existsSync(join(ROOT, file, '..', target)), `${file}: ${target}`);
      }
    }
  });

  test('the lockfile names no registry', () => {
    assert.doesNotMatch(readSource('package-lock.json'), /"resolved"/);
    const urls = linesWith(['package-lock.json'], /:\/\//);
    assert.deepEqual(
      urls.filter((line) => !/"url": /.test(line)), // funding pages
      [],
    );
  });
});
