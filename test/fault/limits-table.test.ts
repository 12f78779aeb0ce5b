import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { POOL_KEYS } from '../../src/config/index.ts';
import * as limits from '../../src/limits.ts';
import { DEFAULTS } from '../../src/options.ts';
import { filesBelow } from '../support/source-tree.ts';
import { fixedBounds, PAGE, withBounds } from './bounds-table.ts';

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

/** Numbers of the configuration that bound nothing which clients or servers could fill. */
const NO_LIMITS = ['redis_db', 'server_connections', 'slowlog_ms', 'max_reply_depth'];

test('every key that limits something has its row, and what happens beyond it', () => {
  const keys = POOL_KEYS.filter(({ type, name }) => type === 'number' && !NO_LIMITS.includes(name));
  const missing = keys.filter(({ name }) => rows.every((row) => row.name !== name));
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
    'docs/reliability.md has no row for them',
  );
});

test('options are said with their defaults', () => {
  const said = [...document.matchAll(/`--([a-z-]+)` \((\d+)\)/g)];
  assert.ok(said.length > 0);
  for (const [, option, value] of said) {
    const name = option.replace(/-[a-z]/g, (letter) => letter[1].toUpperCase());
    assert.equal(value, String((DEFAULTS as unknown as Record<string, unknown>)[name]), option);
  }
});

describe('the table of docs/security.md', () => {
  test('is what the source says: write-bounds-table.js writes it again', () => {
    const page = readFileSync(PAGE, 'utf8');
    assert.equal(page, withBounds(page));
  });

  test('says of each bound what it is', () => {
    const bounds = fixedBounds();
    assert.ok(bounds.length > 60);
    for (const { name, doc } of bounds) assert.ok(doc.length >= 8 && !doc.includes('|'), name);
  });

  test('has every bound that is no default of a key', () => {
    const names = new Set(fixedBounds().map(({ name }) => name));
    const others = Object.entries(limits).filter(
      ([name, value]) => typeof value === 'number' && !names.has(name),
    );
    const defaults = POOL_KEYS.map((key) => key.default);
    for (const [name, value] of others) assert.ok(defaults.includes(value), name);
  });
});

test('every bound is used', () => {
  const source = filesBelow('src')
    .filter((file) => file.endsWith('.ts') && !file.startsWith('src/limits'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const unused = Object.keys(limits).filter((name) => !new RegExp(`\\b${name}\\b`).test(source));
  assert.deepEqual(unused, []);
});
