import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config/index.ts';

const FILE = 'docs/high-availability.md';

describe('each configuration in docs/high-availability.md', () => {
  const page = readFileSync(FILE, 'utf8');
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text);

  for (const [i, text] of blocks.entries()) {
    test(`number ${i + 1} can be copied`, () => {
      const { pools } = parseConfig(Buffer.from(text), FILE);
      assert.ok(pools.length > 0);
    });
  }

  test('is looked at', () => {
    assert.ok(blocks.length >= 4);
  });
});
