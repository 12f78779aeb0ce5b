import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { transform } from 'esbuild';
import { parse } from 'yaml';
import { parseCommandLine } from '../../src/command-line.ts';
import { commandByName } from '../../src/commands/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import type { ConfigError } from '../../src/errors.ts';

// What the documents say to write into a file or to type is taken; the index has all pages.

const DOCS = readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []));
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/examples/README.md', ...DOCS];
const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('packaging/ringway.schema.json', 'utf8')),
);
/** What is typed by mistake, and shown with what ringway says to it. */
const MISTAKES = ['explian key', 'help'];

/** The fenced blocks in a language; '' = in none. */
function blocks(page: string, languages: readonly string[]): string[] {
  const fences = readFileSync(page, 'utf8').matchAll(/^( *)```(\S*)\n([\s\S]*?)^\1```$/gm);
  return [...fences].flatMap(([, , language, text]) =>
    languages.includes(language) ? [text] : [],
  );
}

/** What stands between backticks in lines of text. */
function inlineCode(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^( *)```[\s\S]*?^\1```$/gm, '');
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code.replaceAll('\\|', '|'));
}

/** Everything to type in a page that begins with a word. */
function typed(page: string, program: string): string[] {
  const lines = blocks(page, ['sh', 'console', '']).flatMap((text) => text.split('\n'));
  const shown = lines.map((line) => line.replace(/^\$ /, '').replace(/\s+#.*$/, ''));
  return [...shown, ...inlineCode(page)].flatMap((line) => {
    const rest = line.startsWith(`${program} `) ? line.slice(program.length + 1) : null;
    return rest === null || /\.\.\.|…/.test(rest) ? [] : [rest.split(/ (?:&&|\|) /)[0].trim()];
  });
}

/** A part of a configuration, made whole with what it leaves out. */
function whole(text: string): string {
  const isPart = Object.values(parse(text, { schema: 'failsafe' }) as object).some(isScalar);
  const lines = text.trimEnd().split('\n');
  if (isPart) lines.unshift('part:', '  redis: true');
  const pools = parse(lines.join('\n'), { schema: 'failsafe' }) as Record<string, object>;
  const [pool] = Object.values(pools);
  const indent = /^( +)[^ #-]/m.exec(lines.join('\n'))?.[1] ?? '  ';
  if (!('listen' in pool)) lines.push(`${indent}listen: 127.0.0.1:22121`);
  if (!('servers' in pool)) lines.push(`${indent}servers:`, `${indent}  - 10.0.0.1:6379:1 a`);
  return `${lines.join('\n')}\n`;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string';
}

describe('samples of the documents', () => {
  test('configurations are right, by the parser and the schema; only their files are not here', () => {
    let count = 0;
    for (const page of pages) {
      for (const block of blocks(page, ['yaml', 'yml'])) {
        // Prometheus's own.
        if (block.startsWith('scrape_configs:')) continue;
        const text = whole(block);
        count++;
        assert.ok(validate(parse(text)), `${page}: ${text}${JSON.stringify(validate.errors)}`);
        try {
          parseConfig(Buffer.from(text), page);
        } catch (error) {
          // Without the file of the authority, users by certificate lack what they need.
          const others = (error as ConfigError).problems.filter(
            ({ message }) =>
              !/ENOENT|is not set|one that is set|redis: true|names users by cert/.test(message),
          );
          assert.deepEqual(others, [], text);
        }
      }
    }
    assert.ok(count > 8, String(count));
  });

  test('command lines are taken, in blocks and in the text', async () => {
    let count = 0;
    for (const page of pages) {
      for (const line of typed(page, 'ringway')) {
        if (MISTAKES.includes(line)) continue;
        const said = await whatIsSaid(line);
        assert.match(said, /^$|^Usage: /, `${page}: ${line}: ${said}`);
        count++;
      }
    }
    assert.ok(count > 60, String(count));
  });

  test('scripts of npm are there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    let count = 0;
    for (const page of pages) {
      for (const line of typed(page, 'npm run')) {
        const [script] = line.replace(/^-s /, '').split(' ');
        assert.ok(Object.hasOwn(scripts, script), `${page}: npm run ${line}`);
        count++;
      }
    }
    assert.ok(count > 20, String(count));
  });

  test('programs and JSON can be parsed', async () => {
    let count = 0;
    for (const page of pages) {
      for (const text of blocks(page, ['json'])) assert.ok(JSON.parse(text), page);
      for (const text of blocks(page, ['js'])) {
        await transform(text, { sourcefile: page });
        count++;
      }
    }
    assert.ok(count > 5, String(count));
  });
});

/** What a command or the program says to a line without doing anything: nothing, or a help. */
async function whatIsSaid(line: string): Promise<string> {
  const words = line.split(/\s+/);
  const command = commandByName(words[0]);
  let said = '';
  if (command !== null) {
    const out = { write: (text: string) => void (said += text) };
    await command([...words.slice(1), '--help'], out, out);
    const order = words.slice(1).find((word) => !word.startsWith('-'));
    const knowsAll = words[0] !== 'ctl' || order === undefined;
    return knowsAll || new RegExp(`^  ${order}\\b`, 'm').test(said) ? said : `no order ${order}`;
  }
  const parsed = parseCommandLine(words, '0');
  if (parsed.action !== 'exit') return parsed.warnings.join();
  return parsed.status === 0 ? '' : parsed.stderr;
}

test('the index of the documentation has each page once', () => {
  const index = readFileSync('docs/README.md', 'utf8');
  for (const page of DOCS) {
    const name = page.slice('docs/'.length);
    if (name === 'README.md') continue;
    const rows = index.split('\n').filter((line) => line.startsWith(`| [${name}](${name}) |`));
    assert.equal(rows.length, 1, name);
  }
});
