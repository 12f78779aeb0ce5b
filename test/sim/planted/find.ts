import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLANTED_BUGS, type PlantedBug } from './bugs.ts';

// `npm run sim:planted -- [--most N] [--anew] [--jobs N] [part of a name ...]`: plants each bug and
// tells by which case it is found.

const LIMIT_MS = 1_800_000;
const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    // Cases where no number is stated.
    most: { type: 'string', default: '300' },
    // The stated numbers do not count: they are to be stated anew.
    anew: { type: 'boolean', default: false },
    // How many are looked for at a time.
    jobs: { type: 'string', default: '1' },
  },
});
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

interface Finding {
  /** Counted from 1; null: not found. */
  readonly case: number | null;
  readonly complaint: string;
}

/** How many cases it may take. */
function casesOf(stated: number | null): number {
  return values.anew || stated === null ? Number(values.most) : stated;
}

function find({ name, seeds, among }: PlantedBug): Promise<Finding> {
  const args = ['--conditions=ringway-asserts', '--import', here('./plant.js'), here('../sim.js')];
  args.push('--seed', '1', '--cases', String(casesOf(seeds)), '--first');
  if (among !== undefined) args.push(`--${among}`);
  const env = { ...process.env, RINGWAY_PLANTED: name };
  const child = spawn(process.execPath, args, { env, timeout: LIMIT_MS });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    out += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const found = /^seed \d+ fails, case (\d+) .*\n {2}(.*)/m.exec(out);
      if (found !== null) resolve({ case: Number(found[1]), complaint: found[2] });
      else if (/^done: /m.test(out)) resolve({ case: null, complaint: '' });
      else resolve({ case: null, complaint: out.trim().slice(-300) });
    });
  });
}

let wrong = 0;

async function tell(bug: PlantedBug): Promise<void> {
  const { case: number, complaint } = await find(bug);
  const stated = bug.seeds === null ? 'is not found' : `is found within ${bug.seeds} cases`;
  const isAsStated = values.anew || bug.seeds === null || (number !== null && number <= bug.seeds);
  if (!isAsStated) wrong++;
  const result =
    number === null ? `not found ${complaint}` : `case ${number}: ${complaint.slice(0, 110)}`;
  console.log(`${isAsStated ? '' : 'WRONG '}${bug.name} (${stated})\n    ${result}`);
}

const left = PLANTED_BUGS.filter(({ name }) => {
  return words.length === 0 || words.some((word) => name.includes(word));
});

async function work(): Promise<void> {
  for (let bug = left.shift(); bug !== undefined; bug = left.shift()) await tell(bug);
}

await Promise.all(Array.from({ length: Number(values.jobs) }, work));
process.exitCode = wrong > 0 ? 1 : 0;
