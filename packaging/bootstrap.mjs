// Behind `npm start` and `npm test`: brings a fresh clone, with nothing but Node and npm installed, to
// the point where the compiled program can run, then runs it in this process.
//   node packaging/bootstrap.mjs start | test [part of a test's path ...]

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [mode, ...rest] = process.argv.slice(2);

try {
  requireNode();
  if (!dependenciesMatch()) installDependencies();
  console.error('ringway: building ...');
  await build({ tests: mode === 'test' });
  if (mode === 'test') {
    const { runTests } = await import('./run-tests.mjs');
    process.exitCode = await runTests(rest);
  } else {
    const { demo } = await import('../build/packaging/start.js');
    process.exitCode = await demo();
  }
} catch (error) {
  console.error(`ringway: ${error.message}`);
  process.exitCode = 1;
}

function requireNode() {
  const [wanted] = readJson('package.json').engines.node.match(/[\d.]+/);
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new Error(`Node ${wanted} or newer is needed, this is ${process.versions.node}`);
}

/** Whether node_modules holds what package-lock.json asks for (packages for other systems aside). */
function dependenciesMatch() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false;
  const { '': _self, ...wanted } = readJson('package-lock.json').packages;
  const installed = readJson('node_modules/.package-lock.json').packages;
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    installed[path] ? installed[path].version === version : optional === true,
  );
}

function installDependencies() {
  console.error('ringway: installing development packages (npm ci) ...');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // Standard output is npm's summary; it goes to standard error like all progress.
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci failed');
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
