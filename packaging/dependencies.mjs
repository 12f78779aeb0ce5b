// Whether node_modules holds what package-lock.json asks for, and how it gets there.

import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Installs with `npm ci` if anything is missing or another version. Throws when that fails. */
export function ensureDependencies() {
  const folder = join(root, 'node_modules');
  // A link leads to somebody else's folder.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() || dependenciesMatch()) return;
  console.error('ringway: installing development packages (npm ci) ...');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // Standard output is npm's summary; it goes to standard error like all progress.
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci failed');
}

/** Packages for other systems aside. */
function dependenciesMatch() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const { '': _self, ...wanted } = readJson('package-lock.json').packages;
  const installed = readJson('node_modules/.package-lock.json').packages;
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    installed[path] ? installed[path].version === version : optional === true,
  );
}

/** The parsed text of a file of the repository. */
export function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
