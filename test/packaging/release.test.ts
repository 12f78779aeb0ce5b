import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { filesBelow, ROOT, readSource } from '../support/source-tree.ts';

interface Release {
  readonly OTHERS: ReadonlyMap<string, readonly RegExp[]>;
  withVersion(text: string, places: readonly RegExp[], version: string): string | null;
  withDate(
    changelog: string,
    version: string,
    date: string,
  ): { text: string; notes: string } | null;
  obstacles(state: Record<string, unknown>): string[];
}
const script = pathToFileURL(join(ROOT, 'packaging/release.mjs')).href;
const { OTHERS, withVersion, withDate, obstacles } = (await import(script)) as Release;

describe('a release', () => {
  const changelog =
    '# Changelog\n\n## [0.2.0] - unreleased\n\n### Added\n\n- a\n\n## [0.1.0] - x\n\n- b\n';
  const good = {
    version: '0.2.0',
    current: '0.1.0',
    branch: 'main',
    changes: '',
    tags: ['v0.1.0'],
    repository: 'git+https://git.test/ringway.git',
    changelog,
  };

  test('is made when nothing is in its way, and says what is', () => {
    assert.deepEqual(obstacles(good), []);
    const cases: [object, RegExp][] = [
      [{ version: '2' }, /no version/],
      [{ version: '0.2.0; rm' }, /no version/],
      [{ version: '0.1.0' }, /tag v0\.1\.0 is there/],
      [{ version: '0.0.9' }, /older/],
      [{ branch: 'x' }, /branch main/],
      [{ changes: ' M a' }, /not committed/],
      [{ changelog: '# Changelog\n' }, /CHANGELOG/],
      [{ changelog: '## [0.2.0] - unreleased\n\n## [0.1.0] - x\n- b\n' }, /CHANGELOG/],
      [{ repository: 'git+https://git.ringway.example/ringway.git' }, /no real address/],
    ];
    for (const [wrong, message] of cases) {
      assert.match(obstacles({ ...good, ...wrong }).join('\n'), message);
    }
  });

  test('dates its part of the changelog, whose text are its notes', () => {
    const dated = withDate(changelog, '0.2.0', '2026-11-26');
    assert.equal(dated?.notes, '### Added\n\n- a');
    assert.equal(dated?.text, changelog.replace('unreleased', '2026-11-26'));
  });

  test('writes its version where other files name it, and misses none', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const naming = filesBelow('packaging').filter((file) =>
      readSource(file).includes(`ringway:${version}`),
    );
    assert.ok(naming.length >= 3);
    for (const file of naming) assert.ok(OTHERS.has(file), file);
    for (const [file, places] of OTHERS) {
      const changed = withVersion(readSource(file), places, '9.8.7') ?? '';
      assert.equal(changed.split('9.8.7').length, places.length + 1, file);
      assert.ok(!changed.includes(version), file);
    }
    assert.equal(withVersion('nothing', [/^(version: ).*$/m], '1.0.0'), null);
  });
});

describe('what contributors find', () => {
  test('templates and the checks of changes are YAML that says what they need', () => {
    for (const name of readdirSync('.github/ISSUE_TEMPLATE')) {
      const form = parse(readFileSync(`.github/ISSUE_TEMPLATE/${name}`, 'utf8'));
      if (name !== 'config.yml') assert.ok(form.name && form.description && form.body.length > 0);
    }
    const { jobs } = parse(readFileSync('.github/workflows/check.yml', 'utf8'));
    const { node } = jobs.test.strategy.matrix;
    const { engines, scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.ok(engines.node.startsWith(`>=${node[0]}`), 'the oldest that is promised');
    assert.deepEqual(node.slice(1), ['22', '24', '26']);
    for (const { run = '' } of jobs.test.steps as { run?: string }[]) {
      const script = /^npm (?:run )?(lint|test)$/.exec(run)?.[1];
      if (script !== undefined) assert.ok(script in scripts, run);
    }
  });

  test('the checks of changes begin with all programs that tests need', () => {
    const { jobs } = parse(readFileSync('.github/workflows/check.yml', 'utf8'));
    const lines = (jobs.test.steps as { run?: string }[]).map(({ run = '' }) => run);
    const installed = lines.find((line) => line.includes('apt-get install'))?.split(/\s+/) ?? [];
    const calls =
      /(?:ensureDebianPackage\(|toolFor\('\w+', )'([\w-]+)'|ensureWorks\([^;]*\[([^\]]+)\],?\s*\);/g;
    const needed = filesBelow('test').flatMap((file) =>
      [...readSource(file).matchAll(calls)].flatMap(([, one, some]) =>
        one === undefined ? [...some.matchAll(/'([\w-]+)'/g)].map(([, each]) => each) : [one],
      ),
    );
    assert.ok(needed.length > 10);
    // A browser is on those machines.
    const missing = needed.filter((name) => name !== 'chromium' && !installed.includes(name));
    assert.deepEqual(missing, []);
    for (const name of ['redis-server', 'memcached']) assert.ok(installed.includes(name));
  });
});
