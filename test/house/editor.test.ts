import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from '../support/source-tree.ts';

test('an editor sees AssemblyScript without errors', () => {
  const args = ['node_modules/typescript/bin/tsc', '-p', 'assembly'];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});
