// Compiles everything into build/: the WebAssembly modules from assembly/, then all TypeScript,
// and bundles the command line. Output whose source is gone is removed; nothing is wiped first, so a
// test that runs meanwhile does not lose its files. Plain JavaScript, because it runs before anything
// is compiled.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, 'build');
const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
// The files of the status page are served as they are.
const PAGE = 'src/stats/http/page';
// Its optimizer (of Binaryen) stops looking for more; the output is right. Nothing to act on.
const IDLE = 'Last converge was suboptimal.';
const tsc = join(root, 'node_modules/typescript/bin/tsc');

/**
 * Builds what is out of date; throws with a one-line message when a compiler reports errors.
 * @param {{ tests?: boolean }} wanted tests: also the WebAssembly build with assertions
 */
export async function build({ tests = false } = {}) {
  forgetUnlessComplete();
  const jobs = [run('TypeScript', tsc, ['-p', 'tsconfig.json'])];
  for (const [target, file] of [
    ['scalar', 'ringway.wasm'],
    ['simd', 'ringway-simd.wasm'],
    ...(tests ? [['debug', 'ringway-debug.wasm']] : []),
  ]) {
    if (isWasmFresh(join(output, file))) continue;
    jobs.push(run(`AssemblyScript (${target})`, asc, ['assembly/index.ts', '--target', target]));
  }
  const failed = (await Promise.allSettled(jobs)).find((job) => job.status === 'rejected');
  if (failed) throw failed.reason;
  cpSync(join(root, PAGE), join(output, PAGE), { recursive: true });
  removeStale();
  // Only now: before the packages are installed this file can be read, and that one cannot.
  const { bundle } = await import('./bundle.mjs');
  await bundle(root);
}

function run(what, script, args) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', 'inherit', 'pipe'];
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio });
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.trim() !== IDLE) console.error(line);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the ${what} compiler failed`));
    });
  });
}

/** The compiler writes only what has changed, so what somebody has removed would stay away. */
function forgetUnlessComplete() {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const folders = include.map((pattern) => pattern.split('/')[0]);
  const sources = folders.flatMap((folder) => filesBelow(join(root, folder)));
  const isThere = (source) => {
    if (!/(?<!\.d)\.ts$/.test(source)) return true;
    return existsSync(join(output, relative(root, source).replace(/\.ts$/, '.js')));
  };
  if (!sources.every(isThere)) rmSync(join(output, '.tsbuildinfo'), { force: true });
}

function isWasmFresh(file) {
  if (!existsSync(file)) return false;
  const builtAt = statSync(file).mtimeMs;
  const inputs = filesBelow(join(root, 'assembly')).concat(
    join(root, 'asconfig.json'),
    join(root, 'package-lock.json'),
  );
  return inputs.every((input) => statSync(input).mtimeMs < builtAt);
}

/** Removes the compiled form of sources that were deleted or renamed. */
function removeStale() {
  const bundles = ['cli/', 'checked/'].map((folder) => join(output, folder));
  for (const file of filesBelow(output)) {
    if (bundles.some((folder) => file.startsWith(folder))) continue;
    const match = /^(.*)\.(js|js\.map|d\.ts)$/.exec(relative(output, file));
    if (match === null || existsSync(join(root, `${match[1]}.ts`))) continue;
    if (!existsSync(join(root, relative(output, file)))) rmSync(file, { force: true });
  }
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    ensureDependencies();
    await build();
  } catch (error) {
    console.error(`ringway: ${error.message}`);
    process.exitCode = 1;
  }
}
