import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/source-tree.ts';
import { commandsPage } from './commands-page.ts';

test('docs/commands.md is what the command table says', () => {
  const page = readFileSync(join(ROOT, 'docs/commands.md'), 'utf8');
  assert.equal(page, commandsPage(), 'run node build/test/differential/write-commands-page.js');
});
