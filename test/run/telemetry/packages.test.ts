import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installCommand } from '../../../src/run/telemetry/packages.ts';

test('missing packages are installed where ringway itself is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-where-'));
  try {
    const own = join(folder, 'node_modules/ringway/build/cli');
    mkdirSync(own, { recursive: true });
    assert.match(installCommand(join(own, 'cli.js')), /^npm install --global @opentelemetry\/api@/);
    writeFileSync(join(folder, 'package.json'), '{}');
    assert.match(installCommand(join(own, 'cli.js')), /^npm install @opentelemetry\/api@/);
    assert.match(installCommand('/src/ringway/build/cli.js'), /^npm install @opentelemetry\/api@/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
