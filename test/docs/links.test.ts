import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { filesBelow, ROOT, readSource } from '../support/source-tree.ts';

// Links to a heading lead to one; the figure at the top is the same in light and in dark.

const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...['docs', 'packaging'].flatMap(filesBelow).filter((file) => file.endsWith('.md')),
];

/** The name by which a heading is linked to. */
function anchor(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
}

function anchorsOf(page: string): Set<string> {
  const prose = readSource(page).replaceAll(/^```[\s\S]*?^```/gm, '');
  const found = new Set<string>();
  for (const [, heading] of prose.matchAll(/^#{1,6} (.*)$/gm)) {
    const name = anchor(heading.trim());
    let unique = name;
    for (let i = 1; found.has(unique); i++) unique = `${name}-${i}`;
    found.add(unique);
  }
  return found;
}

describe('links between documents', () => {
  test('a heading has the name that links have', () => {
    assert.equal(anchor('The `stats` port: what, and *why*'), 'the-stats-port-what-and-why');
    assert.equal(anchor('[Up](x.md) and away_'), 'up-and-away_');
  });

  test('each leads to a heading that is there', () => {
    const broken: string[] = [];
    let count = 0;
    for (const page of pages) {
      for (const [, path, name] of readSource(page).matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)) {
        const target = path === '' ? page : normalize(join(dirname(page), path));
        if (!anchorsOf(target).has(name)) broken.push(`${page}: ${path}#${name}`);
        count++;
      }
    }
    assert.deepEqual(broken, []);
    assert.ok(count > 10);
  });
});

test('the figure at the top is the same in light and in dark, but for its colours', () => {
  const [light, dark] = ['light', 'dark'].map((name) => {
    const file = `docs/images/ringway-${name}.svg`;
    assert.ok(readSource('README.md').includes(file), file);
    return readSource(file);
  });
  assert.notEqual(light, dark);
  const form = (text: string): string => text.replaceAll(/#[0-9a-f]{6}\b/g, '#');
  assert.equal(form(light), form(dark));
});
