import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { POOL_KEYS } from '../../src/config/index.ts';
import * as limits from '../../src/limits.ts';
import { filesBelow } from '../support/source-tree.ts';

const document = readFileSync('docs/reliability.md', 'utf8');

/** First and second cell of the rows whose first cell is code. */
const rows = [...document.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, value]) => ({
  name,
  value,
}));

describe('the tables of docs/reliability.md', () => {
  test('there are rows', () => assert.ok(rows.length > 20));

  for (const { name, value } of rows) {
    test(name, () => {
      const key = POOL_KEYS.find((each) => each.name === name);
      const actual = key === undefined ? (limits as Record<string, unknown>)[name] : key.default;
      assert.equal(value, actual === null ? 'none' : String(actual));
    });
  }
});

test('every bound is used', () => {
  const source = filesBelow('src')
    .filter((file) => file.endsWith('.ts') && !file.endsWith('src/limits.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const unused = Object.keys(limits).filter((name) => !new RegExp(`\\b${name}\\b`).test(source));
  assert.deepEqual(unused, []);
});
