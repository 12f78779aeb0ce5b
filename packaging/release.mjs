// Makes a release of what is committed: `npm run release -- 0.2.0` writes the version and the date into all
// files that name them, checks, commits and tags. It publishes nothing: the last lines say how that goes.
//   --dry-run   only say what would be done, and whether it could

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9a-z.]+)?$/;
/** Files that name the version beside package.json: what stands before it there. */
export const OTHERS = new Map([
  ['packaging/helm/ringway/Chart.yaml', [/^(appVersion: ).*$/m, /^(version: ).*$/m]],
  [
    'packaging/Dockerfile',
    [/^(# docker build .* -t ringway:)\S+/m, /^(# docker run .* ringway:)\S+/m],
  ],
  ['packaging/compose.yml', [/^( +image: ringway:).*$/m]],
  ['packaging/kubernetes/ringway.yaml', [/^( +image: ringway:).*$/m]],
]);

/** The file with another version. @returns null where a place is missing */
export function withVersion(text, places, version) {
  if (!places.every((place) => place.test(text))) return null;
  return places.reduce((changed, place) => changed.replace(place, `$1${version}`), text);
}

/**
 * The changelog with a date behind the version, and a new heading for what comes.
 * @returns the text, and the notes of this release; null when it has nothing to tell
 */
export function withDate(changelog, version, date) {
  const head = `## [${version}] - unreleased\n`;
  const from = changelog.indexOf(head);
  if (from < 0) return null;
  const rest = changelog.slice(from + head.length);
  const end = rest.search(/^## \[/m);
  const notes = (end < 0 ? rest : rest.slice(0, end)).trim();
  if (!/^- /m.test(notes)) return null;
  return { text: changelog.replace(head, `## [${version}] - ${date}\n`), notes };
}

/** What keeps the release from being made; empty = nothing. */
export function obstacles({ version, current, branch, changes, tags, repository, changelog }) {
  const found = [];
  if (!VERSION.test(version)) found.push(`${version} is no version; expected one like 0.2.0`);
  else if (tags.includes(`v${version}`)) found.push(`the tag v${version} is there already`);
  if (VERSION.test(version) && compare(version, current) < 0) {
    found.push(`${version} is older than ${current}`);
  }
  if (branch !== 'main') found.push(`this is ${branch}; expected the branch main`);
  if (changes !== '') found.push('there are changes that are not committed');
  if (new URL(repository.replace(/^git\+/, '')).host.endsWith('.example')) {
    found.push('package.json has no real address: repository, homepage and bugs end in .example');
  }
  if (withDate(changelog, version, '') === null) {
    found.push(`CHANGELOG.md has no "## [${version}] - unreleased" with anything below it`);
  }
  return found;
}

function compare(a, b) {
  const parts = (text) => text.split('-')[0].split('.').map(Number);
  const [x, y] = [parts(a), parts(b)];
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
}

function run(command, ...args) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return stdout.trim();
}

const read = (file) => readFileSync(join(root, file), 'utf8');
const write = (file, text) => writeFileSync(join(root, file), text);

function release(version, dryRun) {
  const manifest = JSON.parse(read('package.json'));
  const changelog = read('CHANGELOG.md');
  const found = obstacles({
    version,
    current: manifest.version,
    branch: run('git', 'rev-parse', '--abbrev-ref', 'HEAD'),
    changes: run('git', 'status', '--porcelain'),
    tags: run('git', 'tag', '--list').split('\n'),
    repository: manifest.repository.url,
    changelog,
  });
  for (const each of found) console.error(`release: ${each}`);
  if (found.length > 0) return 1;
  const dated = withDate(changelog, version, new Date().toISOString().slice(0, 10));
  console.log(`${version}\n\n${dated.notes}\n`);
  if (dryRun) return 0;
  if (manifest.version !== version) run('npm', 'version', version, '--no-git-tag-version');
  write('CHANGELOG.md', dated.text);
  for (const [file, places] of OTHERS) {
    const text = withVersion(read(file), places, version);
    if (text === null) throw new Error(`${file} does not name the version where it should`);
    write(file, text);
  }
  run('npm', 'run', '-s', 'generate');
  run('npm', 'run', '-s', 'lint');
  run('node', 'packaging/bootstrap.mjs', 'test', 'house', 'docs', 'packaging');
  const [{ filename, size }] = JSON.parse(run('npm', 'pack', '--dry-run', '--json'));
  console.log(`${filename}: ${size} bytes`);
  run('git', 'commit', '--all', '--quiet', '--message', `Release ${version}`);
  run('git', 'tag', '--annotate', `v${version}`, '--message', dated.notes);
  console.log(`Committed and tagged. What is left, from a service that npm trusts as the publisher:
  git push origin main v${version}
  npm publish --provenance --access public`);
  return 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const words = process.argv.slice(2);
  const dryRun = words.includes('--dry-run');
  const [version, ...rest] = words.filter((word) => word !== '--dry-run');
  try {
    if (version === undefined || rest.length > 0) {
      throw new Error('expected a version: npm run release -- 0.2.0 [--dry-run]');
    }
    process.exitCode = release(version, dryRun);
  } catch (error) {
    console.error(`release: ${error.message}`);
    process.exitCode = 1;
  }
}
