import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { POOL_KEYS } from '../../src/config/index.ts';
import { usageText } from '../../src/usage.ts';
import { filesBelow, readSource } from '../support/source-tree.ts';
import { PROOFS, RESTORED_BY } from './migration-tests.ts';

// docs/migration.md against the tests: each row of its tables has one that proves it.

const SEPARATOR = ' > ';

/** First cell and whole line of each row that tells a difference. */
function rowsOf(page: string): [cell: string, line: string][] {
  const lines = page.split('\n');
  const isHead = (i: number): boolean => /^\|[-|]+$/.test(lines[i + 1] ?? '');
  return lines
    .filter((line, i) => line.startsWith('| ') && !isHead(i))
    .map((line) => [line.slice(2).split(/(?<!\\) \| /, 1)[0] as string, line]);
}

const rows = rowsOf(readSource('docs/migration.md'));
const lineOf = new Map(rows);

/** What is wrong with a proof, or null. */
function wrongWith(proof: string, files: ReadonlySet<string>): string | null {
  const at = proof.indexOf(SEPARATOR);
  const file = proof.slice(0, at);
  const name = proof.slice(at + SEPARATOR.length);
  if (at < 0 || name === '') return `${proof}: expected a file, >, and a name`;
  const isOfTests = file.endsWith('.test.ts') || file.startsWith('test/golden/');
  if (!isOfTests || !files.has(file)) return `${proof}: no such file of tests`;
  return readSource(file).includes(name) ? null : `${proof}: no such name in that file`;
}

/** Whether an option or a key, with or without a value, is one that ringway takes. */
function isTaken(setting: string): boolean {
  const name = setting.split(/=|: /, 1)[0] as string;
  if (name.startsWith('--')) return new RegExp(`${name}(?![\\w-])`).test(usageText());
  return POOL_KEYS.some((spec) => spec.name === name);
}

describe('differences from nutcracker', () => {
  test('are told once each', () => {
    assert.ok(rows.length > 0);
    assert.equal(lineOf.size, rows.length);
  });

  test('have a test each, and no test is listed for a row that is not there', () => {
    assert.deepEqual(Object.keys(PROOFS).sort(), [...lineOf.keys()].sort());
  });

  test('are proved by tests that there are', () => {
    const files = new Set(filesBelow('test'));
    const wrong = Object.values(PROOFS)
      .flat()
      .map((proof) => wrongWith(proof, files));
    assert.deepEqual(
      wrong.filter((each) => each !== null),
      [],
    );
  });

  test('that can be turned off say by what', () => {
    for (const [cell, setting] of Object.entries(RESTORED_BY)) {
      assert.ok(lineOf.get(cell)?.includes(`\`${setting}\``), `${cell}: ${setting}`);
      assert.ok(isTaken(setting), `${setting} is no key and no option`);
    }
  });
});
