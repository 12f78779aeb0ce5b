import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { parseCommandLine } from '../../src/command-line.ts';
import { commandByName } from '../../src/commands/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import type { ConfigError } from '../../src/errors.ts';

// What the documents say to write into a file or to type is taken; the index has all pages.

const pages = [
  'README.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const validate = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync('packaging/ringway.schema.json', 'utf8')),
);

function blocks(page: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`(?:${language})\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...readFileSync(page, 'utf8').matchAll(pattern)].map(([, text]) => text);
}

/** A part of a configuration, made whole with what it leaves out. */
function whole(text: string): string | null {
  let pools: unknown;
  try {
    pools = parse(text, { schema: 'failsafe' });
  } catch {
    return null;
  }
  if (typeof pools !== 'object' || pools === null || Array.isArray(pools)) return null;
  const entries = Object.values(pools);
  if (entries.some((pool) => typeof pool !== 'object' || pool === null || Array.isArray(pool))) {
    return null;
  }
  const lines = text.trimEnd().split('\n');
  const [pool] = entries as Record<string, unknown>[];
  const indent = /^( +)[^ #-]/m.exec(text)?.[1] ?? '  ';
  if (!('listen' in pool)) lines.push(`${indent}listen: 127.0.0.1:22121`);
  if (!('servers' in pool)) lines.push(`${indent}servers:`, `${indent}  - 10.0.0.1:6379:1 a`);
  return `${lines.join('\n')}\n`;
}

describe('samples of the documents', () => {
  test('configurations are right, by the parser and the schema; only their files are not here', () => {
    let count = 0;
    for (const page of pages) {
      for (const block of blocks(page, 'ya?ml')) {
        const text = whole(block);
        if (text === null || block.includes('scrape_configs')) continue;
        count++;
        assert.ok(validate(parse(text)), `${page}: ${text}${JSON.stringify(validate.errors)}`);
        try {
          parseConfig(Buffer.from(text), page);
        } catch (error) {
          // Without the file of the authority, users by certificate lack what they need.
          const others = (error as ConfigError).problems.filter(
            ({ message }) => !/ENOENT|is not set|redis: true|names users by cert/.test(message),
          );
          assert.deepEqual(others, [], text);
        }
      }
    }
    assert.ok(count > 8, String(count));
  });

  test('command lines are taken', async () => {
    let count = 0;
    for (const page of pages) {
      for (const block of blocks(page, 'sh|console')) {
        for (const [, line] of block.matchAll(/^(?:\$ )?ringway (.*?)(?:\s+#.*)?$/gm)) {
          if (line.includes('...')) continue;
          const words = line.split(/\s+/);
          const command = commandByName(words[0]);
          let said = '';
          const out = { write: (text: string) => void (said += text) };
          if (command !== null) await command([...words.slice(1), '--help'], out, out);
          else {
            const parsed = parseCommandLine(words, '0');
            if (parsed.action === 'exit') said = parsed.stderr;
            else said = parsed.warnings.join();
          }
          assert.match(said, command === null ? /^$/ : /^Usage: /, `${page}: ${line}: ${said}`);
          count++;
        }
      }
    }
    assert.ok(count > 7, String(count));
  });
});

test('the index of the documentation has each page once', () => {
  const index = readFileSync('docs/README.md', 'utf8');
  for (const page of pages.filter((name) => name.startsWith('docs/'))) {
    const name = page.slice('docs/'.length);
    if (name === 'README.md') continue;
    const rows = index.split('\n').filter((line) => line.startsWith(`| [${name}](${name}) |`));
    assert.equal(rows.length, 1, name);
  }
});
