import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { commandByName } from '../../src/commands/index.ts';
import { usageText } from '../../src/usage.ts';
import { filesBelow, readSource } from '../support/source-tree.ts';

// docs/glossary.md: what others call a thing stands in no guide, no reference and no text of the program.

const GLOSSARY = readFileSync('docs/glossary.md', 'utf8');
/** Pages about the inside, which speaks of its own files and of other programs. */
const INSIDE = ['architecture', 'codec', 'performance', 'benchmarks', 'testing', 'dependencies'];
const PAGE = 'src/stats/http/page';

/** The words of the right column. */
function elsewhere(): string[] {
  const rows = [...GLOSSARY.matchAll(/^\| (?!word |---)(.+?) \| (.+?) \| ?(.*?) ?\|$/gm)];
  return rows.flatMap(([, , , others]) => (others === '' ? [] : others.split(', ')));
}

const FORBIDDEN = new RegExp(`\\b(?:${elsewhere().join('|')})(?:e?s)?\\b`, 'gi');

/** What is read as prose: code has the names that others gave. */
function prose(markdown: string): string {
  return markdown
    .replaceAll(/^( *)```[\s\S]*?^\1```/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
    .replaceAll(/\]\([^)]*\)/g, ']')
    .replaceAll(/^<.*>$/gm, '');
}

function found(text: string): string[] {
  return [...text.matchAll(FORBIDDEN)].map(([word]) => word);
}

/** Others' word for the first process; for Redis it is the master. */
const PRIMARY = /\bprimar(?:y|ies)\b/i;

describe('one word for one thing', () => {
  test('the first process has one name inside, too', () => {
    const pages = INSIDE.map((name) => `docs/${name}.md`);
    const files = filesBelow('src').filter((file) => /\.(?:ts|js|html)$/.test(file));
    assert.ok(files.length > 300);
    const others = [...pages, ...files].filter((file) => PRIMARY.test(readSource(file)));
    assert.deepEqual(others, []);
  });

  test('the test sees words of others', () => {
    assert.ok(elsewhere().length > 10);
    assert.deepEqual(found('The Backends of an upstream send `responses`.'), [
      'Backends',
      'upstream',
      'responses',
    ]);
    assert.deepEqual(found(prose('a `backend` and\n```sh\nupstream\n```\n[x](backend.md)')), []);
  });

  const pages = readdirSync('docs')
    .filter((name) => name.endsWith('.md') && name !== 'glossary.md')
    .filter((name) => !INSIDE.includes(name.replace('.md', '')));
  for (const page of [
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...pages.map((n) => `docs/${n}`),
  ]) {
    test(page, () => assert.deepEqual(found(prose(readFileSync(page, 'utf8'))), []));
  }

  test('what the program prints to help', async () => {
    assert.deepEqual(found(usageText()), []);
    for (const name of ['top', 'explain', 'check', 'ctl', 'bench', 'doctor']) {
      let said = '';
      const out = { write: (text: string) => void (said += text) };
      await commandByName(name)?.(['--help'], out, out);
      assert.ok(said.length > 100);
      assert.deepEqual(found(said), [], name);
    }
  });

  test('the status page', () => {
    const html = readFileSync(`${PAGE}/index.html`, 'utf8').replaceAll(/<[^>]*>/g, ' ');
    assert.deepEqual(found(html), []);
    const scripts = readdirSync(PAGE).filter((name) => name.endsWith('.js'));
    for (const script of scripts) {
      // Texts have blanks or are shown as they stand; names of fields have neither quotes nor blanks.
      const source = readFileSync(`${PAGE}/${script}`, 'utf8').replaceAll(
        /^\s*(?:\/\/|\*|\/\*).*$/gm,
        '',
      );
      const texts = [...source.matchAll(/'([^'\n]*)'|`([^`]*)`/g)].map(([, a, b]) => a ?? b ?? '');
      const words = texts.map((text) => text.replaceAll(/\$\{[^}]*\}/g, ''));
      assert.deepEqual(words.flatMap(found), [], script);
    }
  });
});
