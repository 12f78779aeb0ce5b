import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { testConfig } from '../../src/config/index.ts';

type Case = [name: string, yaml: string, accepted: boolean];

const golden: { cases: Case[] } = JSON.parse(
  readFileSync('test/golden/config-errors.json', 'utf8'),
);

/** JSON cannot hold bytes that are no text, so one case spells them. */
function bytesOf(name: string, yaml: string): Uint8Array {
  if (name !== 'non-utf8') return Buffer.from(yaml);
  return Buffer.from(yaml.replace('\\xff\\xfe', '\xff\xfe'), 'latin1');
}

describe('the verdict of a recorded nutcracker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringway-config-'));

  for (const [index, [name, yaml, accepted]] of golden.cases.entries()) {
    test(`${name}: ${accepted ? 'accepted' : 'refused'}`, async () => {
      const file = join(folder, `${index}.yml`);
      writeFileSync(file, bytesOf(name, yaml));
      const { status, output } = await testConfig(file);
      assert.equal(status, accepted ? 0 : 1, output);
      const verdict = `ringway: configuration file '${file}' syntax is`;
      if (accepted) {
        const lines = output.split('\n').filter((line) => !line.startsWith('warning: '));
        assert.deepEqual(lines, [`${verdict} ok`, '']);
        return;
      }
      assert.ok(output.endsWith(`\n${verdict} invalid\n${verdict} invalid\n`), output);
      const [first] = output.split('\n');
      assert.match(first!.slice(file.length), /^:[0-9]+:[0-9]+: .+; .*expected /);
    });
  }

  test('a file that cannot be opened: one invalid line, a directory: two', async () => {
    const missing = join(folder, 'missing.yml');
    const verdict = (file: string) => `ringway: configuration file '${file}' syntax is invalid\n`;
    const first = await testConfig(missing);
    assert.equal(first.status, 1);
    assert.match(first.output, /^[^\n]+: cannot be opened: ENOENT[^\n]*\n[^\n]+ invalid\n$/);
    const second = await testConfig(folder);
    assert.equal(second.status, 1);
    assert.ok(second.output.endsWith(verdict(folder).repeat(2)));
  });
});
