import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { filesBelow, ROOT, readSource } from '../support/source-tree.ts';

const FOLDERS = ['assembly', 'bench', 'docs', 'packaging', 'src', 'test'];
const MAX_LINES = 400;
const CLOCK = 'engine/clock.ts';
const MAX_COLUMNS = 100;

// A scanner reads top to bottom, one state after the other; cutting it up hides the order.
const LONG_FILES = [
  'src/protocol/redis/scan/request-scanner.ts',
  'src/embed/pool-keys.ts', // made of the table of keys
];

const MAX_FUNCTION_LINES = 40;

/** The same holds for their functions: one state after the other, and one per kind of word. */
const LONG_FUNCTIONS = [
  'scanRequests',
  'scanReplies',
  'readNumber',
  'fragment',
  'scanMemcacheRequests',
  'scanMemcacheReplies',
  'parseLine',
];

const SELF = 'test/house/tidy.test.ts';

/** The line before a declaration that others see, and its name. */
const EXPORTED =
  /(?:^|\n)([^\n]*)\nexport (?:async |abstract )*(?:function|class|interface) (\w+)/g;

/** The line in which a function's parameters end, as the formatter leaves it, and its indent. */
const BODY_BEGINS =
  /^( *)(?!(?:\} )?(?:if|for|while|switch|catch|else|try|do|(?:export |abstract )*class)\b).*(?:\)(?:: .+)?|=>) \{$/;

/** The functions of a file, as its formatting shows them: first line, name if any, lines. */
function functionsOf(file: string): { at: number; head: string; lines: number }[] {
  const lines = readSource(file).split('\n');
  return lines.flatMap((line, i) => {
    const indent = BODY_BEGINS.exec(line)?.[1];
    if (indent === undefined) return [];
    const isOutside = (other: string): boolean => !other.startsWith(`${indent} `) && other !== '';
    let first = i;
    // Parameters on lines of their own.
    if (/^ *\)/.test(line))
      do first--;
      while (first > 0 && !isOutside(lines[first]));
    const end = lines.findIndex((other, j) => j > i && other.startsWith(`${indent}}`));
    return [{ at: first + 1, head: lines[first].trim(), lines: end - first + 1 }];
  });
}

/** A call or an option that switches a test off or favours it. */
const SWITCH =
  /\.(?:skip|only|todo)\s*\(|(?:(?:(?<!\$)\{|,)\s*|^\s*)(?:skip|only|todo)\s*(?:[},:]|$)/;

// Tests that some machines cannot run: how often each file switches some off, and the one condition
// that decides. On Linux with IPv6, which is what releases are tested on, all of them run.
const PROC = "const skip = process.platform === 'linux' ? false : 'needs /proc';";
const CONDITIONAL = [
  // Memory and descriptors of the process are read in /proc.
  { file: 'test/fault/faults.test.ts', uses: 1, condition: PROC },
  { file: 'test/fault/large-replies.test.ts', uses: 1, condition: PROC },
  { file: 'test/fault/slow-clients.test.ts', uses: 1, condition: PROC },
  { file: 'test/integration/gone-clients.test.ts', uses: 1, condition: PROC },
  { file: 'test/integration/memory.test.ts', uses: 1, condition: PROC },
  {
    file: 'test/fault/process.test.ts',
    uses: 1,
    condition: "const skip = process.platform === 'linux' ? false : 'needs ulimit and /proc';",
  },
  // The limit of address space that makes a WebAssembly.Memory fail.
  {
    file: 'test/integration/cli.test.ts',
    uses: 1,
    condition: "if (process.platform !== 'linux') return t.skip('ulimit -v is of Linux');",
  },
  // Containers often have no ::1.
  {
    file: 'test/integration/pools.test.ts',
    uses: 1,
    condition: "if (!(await hasIpv6())) return t.skip('no IPv6 here');",
  },
];
const present = FOLDERS.filter((folder) => existsSync(join(ROOT, folder)));
const all = present
  .flatMap(filesBelow)
  .filter((file) => !file.startsWith('test/golden/') && file !== SELF);
const code = all.filter((file) => /\.(ts|mjs)$/.test(file));
const prose = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
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

  test(`no function is longer than ${MAX_FUNCTION_LINES} lines`, () => {
    const all = code
      .filter((file) => file.startsWith('src/'))
      .flatMap((file) => {
        return functionsOf(file).map((each) => ({ ...each, file }));
      });
    assert.ok(all.length > 2500, `${all.length} functions are found`);
    const long = all.filter(({ lines }) => lines > MAX_FUNCTION_LINES);
    const isScanner = (head: string): boolean => {
      return LONG_FUNCTIONS.some((name) => head.startsWith(`export function ${name}(`));
    };
    assert.deepEqual(
      long.filter(({ head }) => !isScanner(head)),
      [],
    );
  });

  test(`no line of code is longer than ${MAX_COLUMNS} columns`, () => {
    const pattern = new RegExp(`^.{${MAX_COLUMNS + 1}}`);
    const checked = code.filter((file) => /^(src|assembly)\//.test(file));
    assert.deepEqual(linesWith(checked, pattern), []);
  });

  test('the proxy has one clock', () => {
    const proxy = code.filter((file) => file.startsWith('src/proxy/') && !file.endsWith(CLOCK));
    assert.deepEqual(linesWith(proxy, /\b(performance|Date)\.(now|timeOrigin)\b|new Date\(/), []);
  });

  test('what is exported says what it is', () => {
    const sources = code.filter((file) => file.startsWith('src/'));
    const silent = sources.flatMap((file) =>
      [...readSource(file).matchAll(EXPORTED)].flatMap(([, before, name]) =>
        /\*\/$|^\/\//.test(before.trim()) ? [] : `${file}: ${name}`,
      ),
    );
    assert.deepEqual(silent, []);
  });

  test('file names are kebab-case', () => {
    const odd = code.filter((file) => !/^([a-z0-9-]+\/)+[a-z0-9-]+(\.[a-z-]+)*$/.test(file));
    assert.deepEqual(odd, []);
  });

  test('nothing is left to do later', () => {
    assert.deepEqual(linesWith(code, /\b(TODO|FIXME|XXX|HACK)\b/), []);
  });

  test('what switches a test off or favours it is found', () => {
    for (const line of [
      "test.skip('a', () => {});",
      "describe.only('a', () => {});",
      '  t.skip();',
      "  return context.skip('no IPv6');",
      "describe('a', { skip }, () => {",
      "test('a', { timeout: 5, todo: true }, () => {",
      "test('a', { skip: process.platform }, () => {",
      '  skip,',
    ]) {
      assert.match(line, SWITCH, line);
    }
    for (const line of [
      "test('it does not skip', () => {",
      'send([skip, large]);',
      'read(port, skip);',
    ]) {
      assert.doesNotMatch(line, SWITCH, line);
    }
  });

  test('no test is switched off or favoured, but for what the machine lacks', () => {
    const tests = code.filter((file) => file.startsWith('test/'));
    const found = linesWith(tests, SWITCH);
    const inFile = (file: string) => found.filter((line) => line.startsWith(`${file}:`)).length;
    for (const { file, uses, condition } of CONDITIONAL) {
      assert.equal(inFile(file), uses, file);
      assert.equal(readSource(file).split(condition).length, 2, `${file}: ${condition}`);
    }
    const known = CONDITIONAL.map(({ file }) => file);
    assert.deepEqual(
      found.filter((line) => !known.includes(line.slice(0, line.indexOf(':')))),
      [],
    );
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
