// Behind `npm start` and `npm test`: brings a fresh clone, with nothing but Node and npm installed, to
// the point where the compiled program can run, then runs it in this process.
//   node packaging/bootstrap.mjs start | test [part of a test's path ...]

import { build } from './build.mjs';
import { ensureDependencies, readJson } from './dependencies.mjs';

const [mode, ...rest] = process.argv.slice(2);

try {
  requireNode();
  ensureDependencies();
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
