// Runs the compiled tests under node --test. Node 20 takes neither patterns nor folders there, so the
// files are found here. Words on the command line select the tests whose path contains one of them.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// No test file may hang the run: after this long it is ended and counted as failed.
const FILE_TIMEOUT_MS = 300_000;

/** Resolves to the exit code. */
export async function runTests(parts) {
  const { ensureServers } = await import('../build/test/support/real-servers.js');
  ensureServers({ memcached: true });
  const files = findTests(parts);
  if (files.length === 0) throw new Error(`no test matches ${parts.join(' ')}`);
  // Tests wait for servers and for time a good part of theirs: one file more than there are cores,
  // and no more than three at a time, as servers need cores too.
  const concurrency = Math.min(3, availableParallelism() + 1);
  const options = [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${pathToFileURL(join(root, 'packaging/test-times.mjs'))}`,
    '--test-reporter-destination=stdout',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
  ];
  const env = { ...process.env, NODE_OPTIONS: withAsserts(process.env.NODE_OPTIONS) };
  const child = spawn(process.execPath, [...options, ...files], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child by itself; a TERM is passed on.
  const pass = () => child.kill('SIGTERM');
  process.on('SIGINT', () => {});
  process.on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

// Every process that a test starts looks at ringway's own rules.
function withAsserts(options) {
  return `${options ?? ''} --conditions=ringway-asserts`.trim();
}

function findTests(parts) {
  return readdirSync(join(root, 'build/test'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort();
}
