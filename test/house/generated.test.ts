import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generatedFiles } from '../../packaging/generate/files.ts';

test('what is made of the program is what the program says now', async () => {
  for (const [path, text] of await generatedFiles()) {
    assert.equal(readFileSync(path, 'utf8'), text, `npm run generate writes ${path} anew`);
  }
});
