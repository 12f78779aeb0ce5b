import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { configWarnings, parseConfig, testConfig } from '../../src/config/index.ts';

const pool = (name: string, port: number, more = '') =>
  `${name}:\n  listen: 127.0.0.1:${port}\n${more}  servers:\n   - 127.0.0.1:6379:1\n`;
const DEPTH = '  redis: true\n  max_reply_depth: 8\n';
const line = (file: string, at: string, name: string) =>
  `warning: ${file}:${at}: ${name}.max_reply_depth: the key has no effect: ` +
  'replies of any depth are passed on; expected a pool without it';

describe('what a file says in vain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-warnings-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is told with its place, in the order of the file', () => {
    const text = `${pool('z', 1, DEPTH)}${pool('b', 2)}${pool('a', 3, DEPTH)}`;
    assert.deepEqual(configWarnings(parseConfig(Buffer.from(text), 'f.yml')), [
      line('f.yml', '4:3', 'z'),
      line('f.yml', '14:3', 'a'),
    ]);
    assert.deepEqual(configWarnings(parseConfig(Buffer.from(pool('a', 1)), 'f.yml')), []);
  });

  test('stands before the verdict of -t, which stays good', async () => {
    const file = join(folder, 'old.yml');
    writeFileSync(file, pool('p', 1, DEPTH));
    const verdict = `ringway: configuration file '${file}' syntax is ok`;
    const output = `${line(file, '4:3', 'p')}\n${verdict}\n`;
    assert.deepEqual(await testConfig(file), { status: 0, output });
  });
});
