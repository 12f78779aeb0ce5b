import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PLANTED_BUGS, type PlantedBug } from './bugs.ts';

// `npm run sim:planted -- [part of a name ...]`: plants each bug and tells by which seed it is found.

/** Where no number is stated. */
const MOST_SEEDS = 300;
const LIMIT_MS = 1_800_000;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

interface Finding {
  /** Null: not found. */
  readonly seed: number | null;
  readonly complaint: string;
}

function find({ name, seeds }: PlantedBug): Promise<Finding> {
  const args = ['--conditions=ringway-asserts', '--import', here('./plant.js'), here('../sim.js')];
  args.push('--seed', '1', '--cases', String(seeds ?? MOST_SEEDS), '--first');
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
      const found = /^seed (\d+) fails.*\n {2}(.*)/m.exec(out);
      if (found !== null) resolve({ seed: Number(found[1]), complaint: found[2] });
      else if (/^done: /m.test(out)) resolve({ seed: null, complaint: '' });
      else resolve({ seed: null, complaint: out.trim().slice(-300) });
    });
  });
}

const words = process.argv.slice(2);
let wrong = 0;
for (const bug of PLANTED_BUGS) {
  if (words.length > 0 && !words.some((word) => bug.name.includes(word))) continue;
  const { seed, complaint } = await find(bug);
  const stated = bug.seeds === null ? 'is not found' : `is found within ${bug.seeds} seeds`;
  const isAsStated = bug.seeds === null || (seed !== null && seed <= bug.seeds);
  if (!isAsStated) wrong++;
  const result =
    seed === null ? `not found ${complaint}` : `seed ${seed}: ${complaint.slice(0, 110)}`;
  console.log(`${isAsStated ? '' : 'WRONG '}${bug.name} (${stated})\n    ${result}`);
}
process.exitCode = wrong > 0 ? 1 : 0;
