import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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

describe('the table of commands', () => {
  const page = readFileSync('docs/benchmarks.md', 'utf8');
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const names = Object.keys(scripts).filter((name) => /^bench\b/.test(name));

  test('has each, and no other', () => {
    const rows = [...page.matchAll(/^\| `npm run ([^`]+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(rows.sort(), names.sort());
  });

  test('each says with --help what it takes, and measures nothing', () => {
    for (const name of names.filter((each) => each !== 'bench:docs')) {
      const file = /node (\S+)$/.exec(scripts[name])?.[1] ?? '';
      const said = spawnSync(process.execPath, [file, '--help'], { encoding: 'utf8' });
      assert.match(said.stderr, new RegExp(`^npm run ${name} -- \\[options\\]\\n  --`, 'm'));
    }
  });
});
