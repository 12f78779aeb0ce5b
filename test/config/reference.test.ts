import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type KeySpec, POOL_KEYS } from '../../src/config/index.ts';
import { REFUSED_KEYS } from '../../src/config/keys/keys.ts';
import { filesBelow, readSource } from '../support/source-tree.ts';

const reference = readFileSync('docs/configuration.md', 'utf8');

/** The row a key must have in the reference; print it here to update the page. */
function row(spec: KeySpec): string {
  const unit = spec.unit === undefined ? '' : ` (${spec.unit})`;
  const range = spec.range === undefined ? '' : `, ${spec.range[0]}..${spec.range[1]}`;
  const fallback = spec.required
    ? 'required'
    : spec.default === null
      ? 'none'
      : `\`${spec.default}\``;
  const choices = spec.choices === undefined ? '' : ` One of ${spec.choices.join(', ')}.`;
  return `| \`${spec.name}\` | ${spec.type}${range}${unit} | ${fallback} | ${spec.doc}${choices} |`;
}

describe('the configuration reference', () => {
  for (const spec of POOL_KEYS) {
    test(`has a row for ${spec.name} in the table of ${spec.since}`, () => {
      const heading =
        spec.since === 'nutcracker' ? '### Keys of nutcracker' : '### Keys of ringway';
      const section = reference.split(/^(?=#{2,3} )/m).find((part) => part.startsWith(heading));
      assert.ok(section?.split('\n').includes(row(spec)), `expected this row:\n${row(spec)}`);
    });
  }

  test('has no key that does not exist', () => {
    const names = new Set(POOL_KEYS.map(({ name }) => name));
    for (const [, name] of reference.matchAll(/^\| `([a-z_]+)` \| [^|]+ \| [^|]+ \| /gm)) {
      assert.ok(names.has(name!), name);
    }
  });

  test('names the keys that are refused', () => {
    for (const key of Object.keys(REFUSED_KEYS)) assert.ok(reference.includes(`\`${key}\``), key);
  });
});

test('no key is read and then forgotten: each field of a pool is used outside src/config', () => {
  const fields = readSource('src/config/types.ts')
    .split(/^(?=export interface )/m)
    .find((part) => part.startsWith('export interface PoolConfig '))
    ?.matchAll(/^ {2}readonly (\w+)\??:/gm);
  const names = [...(fields ?? [])].map(([, name]) => name);
  assert.ok(names.length > 40, names.join());
  const source = filesBelow('src')
    .filter((file) => file.endsWith('.ts') && !file.startsWith('src/config/'))
    .map(readSource)
    .join('\n');
  // Where they stand in the file only matters to who reads it.
  const placed = ['position', 'keyPositions'];
  const used = (name: string) => new RegExp(`\\b${name}\\b`).test(source);
  assert.deepEqual(
    names.filter((name) => !used(name) && !placed.includes(name)),
    [],
  );
});
