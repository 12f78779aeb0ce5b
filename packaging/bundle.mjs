// Bundles the command line with the packages it uses into build/cli/: what is installed is what was
// tested, whatever a package manager would choose, and a start reads one file instead of three hundred.
// The names and lines of the sources stay, so that a stack of an error can be read.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const PAGE = 'build/src/stats/http/page';
/** Files of a package that hold its licence. */
const LICENCE = /^(licen[cs]e|copying|notice)(\.\w+)?$/i;

/** What is loaded only when asked for is installed by who asks; prom-client has a part of its own. */
const optionalPackages = {
  name: 'optional-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^@opentelemetry\// }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/** The launcher loads it when it has set up the cache: the one of its condition, by package.json. */
const commandLine = {
  name: 'command-line',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/cli\.js$/ }, () => ({ path: '#cli', external: true }));
  },
};

/**
 * Makes build/cli/ from build/src/, and build/checked/, which is the same with assertions.
 * @param {string} root the folder of the project
 */
export async function bundle(root) {
  const output = join(root, 'build/cli');
  const [inputs] = await Promise.all([
    bundleInto(root, output, []),
    bundleInto(root, join(root, 'build/checked'), ['ringway-asserts']),
  ]);
  const packages = bundledPackages(inputs);
  writeFileSync(join(output, 'LICENSES.txt'), packages.map((it) => notice(root, it)).join('\n'));
}

/** @returns the files that are in it */
async function bundleInto(root, output, conditions) {
  const source = join(root, 'build/src');
  mkdirSync(output, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      ringway: join(source, 'launcher.js'),
      cli: join(source, 'cli.js'),
      worker: join(source, 'run/processes/worker.js'),
    },
    outdir: output,
    bundle: true,
    // Constants stand where they are used, and assertions that are off are not there at all: both
    // would be looked at for each request, and be in the way when V8 inlines what is short.
    minifySyntax: true,
    conditions: ['module', ...conditions],
    platform: 'node',
    target: 'node20.20',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    external: ['#ringway.wasm', '#ringway-simd.wasm'],
    plugins: [optionalPackages, commandLine],
    // CommonJS packages ask for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const served = (path) => !/\.(d\.ts|map)$/.test(path);
  cpSync(join(root, PAGE), join(output, 'page'), { recursive: true, filter: served });
  return Object.keys(metafile.inputs);
}

/** Folders of the packages that some of `inputs` are of, in the order of their names. */
function bundledPackages(inputs) {
  const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
  const found = new Set();
  for (const input of inputs) {
    const [match] = folder.exec(input) ?? [];
    if (match !== undefined) found.add(match);
  }
  return [...found].sort();
}

function notice(root, folder) {
  const { name, version, license } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  const files = readdirSync(join(root, folder)).filter((file) => LICENCE.test(file));
  if (files.length === 0) throw new Error(`${name} has no file with its licence`);
  const texts = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, '', ...texts, ''].join('\n');
}
