import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { filesBelow, ROOT, readSource } from '../support/source-tree.ts';

// What the documents say about the code is there.

const FOLDERS = ['assembly', 'bench', 'docs', 'packaging', 'src', 'test'];
const files = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap(filesBelow);
const top = readdirSync(ROOT).filter((name) => name.includes('.'));
const folders = [...new Set(files.flatMap(parents))];
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file));
const prose = [
  ...top.filter((name) => name.endsWith('.md')),
  ...files.filter((file) => file.endsWith('.md')),
];

/** Pages about the code; lines of the others are as long as they are. */
const PAGES = ['CONTRIBUTING.md', 'docs/architecture.md', 'docs/codec.md'];
const MAX_COLUMNS = 120;

/** The folders that a file lies in. */
function parents(file: string): string[] {
  const folder = dirname(file);
  return folder === '.' ? [] : [folder, ...parents(folder)];
}

/** Whether a path, or the end of one from a border of folders on, is among `paths`. */
function names(paths: readonly string[], end: string): boolean {
  return paths.some((path) => path === end || path.endsWith(`/${end}`));
}

/** What a compiled file was made of; other paths as they are. */
function sourceOf(path: string): string {
  if (path === 'build/cli/ringway.js') return 'src/launcher.ts';
  return path.replace(/^build\/(.*)\.js$/, '$1.ts');
}

/** The code in a page: between backticks, and in blocks. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, code]) => code);
  const rest = text.replace(/^```\w*\n[\s\S]*?^```/gm, '');
  return [...blocks, ...[...rest.matchAll(/`([^`]+)`/g)].map(([, code]) => code)];
}

/** Names of source files in a page, and of folders between backticks. */
function missingIn(page: string): string[] {
  const missing: string[] = [];
  for (const code of codeIn(readSource(page))) {
    for (const [path] of code.matchAll(/(?<![\w/.*-])[\w.-]+(?:\/[\w.-]+)*\.(?:ts|mjs)(?!\w)/g)) {
      if (!names(files, sourceOf(path))) missing.push(`${page}: ${path}`);
    }
    for (const [path] of code.matchAll(/(?<![\w/.*-])build\/[\w./-]+\.js(?!\w)/g)) {
      if (!names(files, sourceOf(path))) missing.push(`${page}: ${path}`);
    }
    if (/^(?:[\w-]+\/)+$/.test(code) && !code.startsWith('build/')) {
      if (!names(folders, code.slice(0, -1))) missing.push(`${page}: ${code}`);
    }
  }
  return missing;
}

describe('documents', () => {
  test('names that are not there are found', () => {
    assert.ok(names(files, 'proxy/engine/turn.ts') && names(files, 'turn.ts'));
    assert.ok(!names(files, 'urn.ts') && !names(files, 'engine/deep/turn.ts'));
    assert.deepEqual(codeIn('a `b` c\n```sh\nd\n```\n`e`'), ['d\n', 'b', 'e']);
    assert.equal(sourceOf('build/src/cli.js'), 'src/cli.ts');
  });

  test('every file and folder that is named exists', () => {
    assert.ok(prose.length > 10 && prose.includes('CONTRIBUTING.md'), prose.join());
    assert.deepEqual(prose.flatMap(missingIn), []);
  });

  test('every file that a comment or text of the code names by its path exists', () => {
    const pattern =
      /(?<![\w/.-])(?:src|assembly|test|bench|docs|packaging)\/[\w./-]+\.(?:ts|md|mjs)\b/g;
    const missing = sources.flatMap((file) =>
      [...readSource(file).matchAll(pattern)]
        .filter(([path]) => !files.includes(path))
        .map(([path]) => `${file}: ${path}`),
    );
    assert.deepEqual(missing, []);
  });

  test('every function that the pages about the code name exists', () => {
    const all = sources
      .filter((file) => /^(src|assembly)\//.test(file))
      .map(readSource)
      .join('\n');
    const missing = PAGES.flatMap((page) =>
      codeIn(readSource(page)).flatMap((code) => {
        const name = /^(?:\w+\.)?(\w+)\(\w*\)$/.exec(code)?.[1];
        const found = name === undefined || new RegExp(`\\b${name}(<\\w+>)?\\(`).test(all);
        return found ? [] : [`${page}: ${code}`];
      }),
    );
    assert.deepEqual(missing, []);
  });

  test(`the pages about the code have no line of more than ${MAX_COLUMNS} columns`, () => {
    const long = PAGES.flatMap((page) =>
      readSource(page)
        .split('\n')
        .flatMap((line, i) => (line.length > MAX_COLUMNS ? [`${page}:${i + 1}: ${line}`] : [])),
    );
    // A row of a table cannot be broken.
    assert.deepEqual(
      long.filter((line) => !/^[^:]+:\d+: \|/.test(line)),
      [],
    );
  });
});
