import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { benchDocs } from '../../bench/docs/files.ts';

// What the docs say of measurements is what bench/results has: npm run bench:docs writes it again.

describe('pages and pictures of measurements', () => {
  for (const [path, text] of benchDocs()) {
    test(path, () => assert.equal(readFileSync(path, 'utf8') === text, true, `${path} is old`));
  }

  test('each picture of a measurement is one of them', () => {
    const pictures = readdirSync('docs/images').filter((name) => /^(bench|lab)-/.test(name));
    const made = [...benchDocs().keys()].map((path) => path.replace('docs/images/', ''));
    assert.ok(pictures.length > 0);
    assert.deepEqual(
      pictures.filter((name) => !made.includes(name)),
      [],
    );
  });

  test('they are of the project alone: no file of results names a place of its machine', () => {
    const files = readdirSync('bench/results').map((name) => `bench/results/${name}`);
    assert.ok(files.length > 0);
    for (const file of [...files, 'docs/codec-lab.html']) {
      const text = readFileSync(file, 'utf8');
      assert.doesNotMatch(text, /"[^"]*(?:^|["\s=])\/(?:home|opt|root|tmp|usr|work)\b/, file);
    }
  });
});
