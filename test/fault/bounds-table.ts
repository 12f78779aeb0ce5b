import { readdirSync, readFileSync } from 'node:fs';
import { POOL_KEYS } from '../../src/config/index.ts';
import * as limits from '../../src/limits.ts';
import * as frameTable from '../../src/protocol/frame-table.ts';

// The table of docs/security.md with every bound that no key can change, as the source has them.

export const PAGE = 'docs/security.md';
const BEGIN = '<!-- bounds: begin -->';
const END = '<!-- bounds: end -->';

interface Bound {
  readonly name: string;
  readonly value: number;
  readonly doc: string;
}

/** The files of src/limits.ts, one after the other. */
function limitFiles(): string {
  const files = readdirSync('src/limits').sort();
  return files.map((file) => readFileSync(`src/limits/${file}`, 'utf8')).join('');
}

/** The limits with the comment above each, or above the group it stands in. */
function ownBounds(): Bound[] {
  const values = limits as Record<string, number | string>;
  const found: Bound[] = [];
  let doc = '';
  let open = false;
  for (const line of limitFiles().split('\n')) {
    const [, begin, text = ''] = /^(\/\*\*| \*(?!\/))?(.*)$/.exec(line) ?? [];
    if (begin === '/**') [doc, open] = ['', true];
    if (begin !== undefined && open) doc = `${doc} ${text.replace(/\*\/$/, '').trim()}`.trim();
    if (line.includes('*/')) open = false;
    const [, name] = /^export const (\w+)/.exec(line) ?? [];
    const value = name === undefined ? undefined : values[name];
    if (name !== undefined && typeof value === 'number') found.push({ name, value, doc });
  }
  return found;
}

/** The bounds of the protocols, with the comment behind each. */
function protocolBounds(): Bound[] {
  const values = frameTable as Record<string, unknown>;
  const source = readFileSync('src/protocol/frame-table.ts', 'utf8');
  return Array.from(
    source.matchAll(/^export const (LIMIT_\w+) = [^;]*;(.*)$/gm),
    ([, name, doc]) => ({
      name,
      value: values[name] as number,
      doc: doc.replace(/^ \/\/ /, ''),
    }),
  );
}

/** Whether a bound is only what a key is without the file. */
function isDefault({ value, doc }: Bound): boolean {
  return POOL_KEYS.some(({ name, default: fallback }) => {
    return fallback === value && doc.includes(`(\`${name}\`)`);
  });
}

/** Every bound without a key of its own. */
export function fixedBounds(): Bound[] {
  return [...ownBounds().filter((bound) => !isDefault(bound)), ...protocolBounds()];
}

/** The page with the table as the source has it. */
export function withBounds(page: string): string {
  const rows = fixedBounds().map(({ name, value, doc }) => `| \`${name}\` | ${value} | ${doc} |`);
  const table = ['| constant | value | what it bounds |', '|---|---|---|', ...rows].join('\n');
  const [before, rest = ''] = page.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}
