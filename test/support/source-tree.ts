import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder, seen from a compiled test. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Paths of all files below a top-level folder, relative to the root, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** Text of a file given relative to the root. */
export function readSource(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What a TypeScript file imports: relative ones as paths from the root, others as written. */
export function importsOf(path: string): string[] {
  const pattern = new RegExp(
    [
      /^(?:import|export) (?:type )?[\w*{][^;'"]*? from '([^']+)'/,
      /^import '([^']+)'/,
      /\bimport\(\s*'([^']+)'/,
    ]
      .map((each) => each.source)
      .join('|'),
    'gm',
  );
  return Array.from(readSource(path).matchAll(pattern), ([, fixed, bare, dynamic]) => {
    const name = fixed ?? bare ?? dynamic;
    return name.startsWith('.') ? join(dirname(path), name) : name;
  });
}
