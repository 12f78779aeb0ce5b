import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { PLANTED_BUGS } from './bugs.ts';
import { withTable } from './table.ts';

describe('planted bugs', () => {
  test('each is a change of one place of the product', () => {
    for (const { name, file, from, to } of PLANTED_BUGS) {
      const source = readFileSync(new URL(`../../../src/${file}.js`, import.meta.url), 'utf8');
      assert.equal(source.split(from).length - 1, 1, name);
      assert.notEqual(from, to, name);
    }
  });

  test('the table of docs/testing.md is theirs', () => {
    const page = readFileSync(new URL('../../../../docs/testing.md', import.meta.url), 'utf8');
    assert.equal(page, withTable(page));
  });
});
