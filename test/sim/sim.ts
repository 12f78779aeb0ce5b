import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Case } from './cases/case.ts';
import { CLUSTERED, CLUSTERED_REST } from './cases/generate/cluster-case.ts';
import { AVAILABLE, generateCase } from './cases/generate/generate.ts';
import { Pairs } from './cases/pairs.ts';
import type { Result } from './cases/result.ts';
import { runCase } from './cases/run-case.ts';
import { shrink } from './cases/shrink.ts';
import { timeline } from './cases/timeline.ts';
import type { NamedRun } from './coverage/named-run.ts';

// `npm run sim`: cases of a simulated world, one seed after the other, until the time is over.

const HELP = `npm run sim -- [--seed S] [--minutes M] [--cases N] [--learn] [--pairs] [--trace]
  --seed S      the first seed; the next ones follow (default 1)
  --minutes M   how long (default 1; with --cases: no limit)
  --cases N     how many cases
  --sentinels   only seeds of cases with sentinels
  --clusters    only seeds of cases with a cluster
  --learn       faults are chosen by what earlier cases of this run have seen, too: a failure is
                then found again by the case that is printed, not by its seed
  --pairs       prints all pairs seen: fault, state of a client, state of a connection
  --report F    writes what was seen into file F, for docs/simulated-faults.md
  --trace       prints what happens in each case
  --first       ends with the first failure, and does not shrink it
  --unshrunk    tells of each failure, and shrinks none
  --replay F    runs the case in file F and prints its timeline`;

const SHRINK_MS = 180_000;
const PROGRESS_MS = 5_000;
const now = performance.now.bind(performance);

/** Milliseconds of processor time so far. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    cases: { type: 'string' },
    sentinels: { type: 'boolean', default: false },
    clusters: { type: 'boolean', default: false },
    learn: { type: 'boolean', default: false },
    pairs: { type: 'boolean', default: false },
    report: { type: 'string' },
    trace: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    unshrunk: { type: 'boolean', default: false },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function report(given: Case, result: Result, number: number): Promise<void> {
  say(`seed ${given.seed} fails, case ${number} of the run (${result.hash}):`);
  for (const complaint of result.complaints.slice(0, 8)) say(`  ${complaint.slice(0, 500)}`);
  if (values.first || values.unshrunk) return;
  const found = await shrink(given, result, processorMs, SHRINK_MS);
  say(`shrunk in ${found.tries} tries to (--replay takes this line as a file):`);
  say(JSON.stringify(found.case));
  for (const row of timeline(found.result.lines)) say(row);
}

class Run {
  readonly #all: Pairs = new Pairs();
  readonly #begun: number = now();
  readonly #seeds: number[] = [];
  #virtualMs = 0;
  #faults = 0;
  #answered = 0;
  #heard = 0;
  #failures = 0;
  #toldAt: number = now();

  async cases(first: number, count: number, untilMs: number): Promise<number> {
    const step = values.sentinels ? AVAILABLE : values.clusters ? CLUSTERED : 1;
    const rest = values.clusters ? CLUSTERED_REST : 0;
    let seed = Math.ceil((first - rest) / step) * step + rest;
    for (let i = 0; i < count && now() - this.#begun < untilMs; i++, seed += step) {
      const given = generateCase(seed);
      const pairs = values.learn ? this.#all : new Pairs();
      const result = await runCase(given, pairs, values.trace);
      if (!values.learn) this.#all.merge(pairs);
      if (values.trace) for (const row of timeline(result.lines, 1e6)) say(row);
      this.#count(seed, result);
      if (result.complaints.length > 0) {
        this.#failures++;
        await report(given, result, this.#seeds.length);
        if (values.first) break;
      }
      if (now() - this.#toldAt > PROGRESS_MS) this.tell(`seed ${seed}`);
    }
    say('faults, by how the connection to a server stood that each met:');
    for (const row of values.pairs ? this.#all.table() : this.#all.summary()) say(row);
    this.tell('done');
    const named = JSON.stringify(this.#named(first), null, 1);
    if (values.report !== undefined) writeFileSync(values.report, `${named}\n`);
    return this.#failures;
  }

  #count(seed: number, result: Result): void {
    this.#seeds.push(seed);
    this.#virtualMs += result.virtualMs;
    this.#faults += result.faults.length;
    this.#answered += result.answered;
    this.#heard += result.heard;
  }

  /** Seconds of processor time so far. */
  get #seconds(): number {
    return processorMs() / 1000;
  }

  #named(first: number): NamedRun {
    const cases = this.#seeds.length;
    const kind = values.sentinels ? ' --sentinels' : values.clusters ? ' --clusters' : '';
    return {
      command: `npm run sim -- --seed ${first} --cases ${cases}${kind}`,
      simulatedMinutes: this.#virtualMs / 60_000,
      processorSeconds: this.#seconds,
      seeds: this.#seeds,
      answers: this.#answered,
      messages: this.#heard,
      faults: this.#faults,
      failures: this.#failures,
      pairs: Object.fromEntries([...this.#all.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  tell(where: string): void {
    this.#toldAt = now();
    const perMinute = (count: number): number => Math.round((count / this.#seconds) * 60);
    say(
      `${where}: ${this.#seeds.length} cases in ${this.#seconds.toFixed(1)} s of processor time, ` +
        `${(this.#virtualMs / 60_000).toFixed(1)} simulated minutes ` +
        `(${perMinute(this.#virtualMs / 60_000)} a minute), ${this.#answered} answers, ` +
        `${this.#heard} messages, ` +
        `${this.#faults} faults (${perMinute(this.#faults)} a minute), ` +
        `${this.#all.counts.size} pairs seen, ${this.#failures} failures`,
    );
  }
}

if (values.help) say(HELP);
else if (values.replay !== undefined) {
  const given = JSON.parse(readFileSync(values.replay, 'utf8')) as Case;
  const result = await runCase(given, new Pairs(), true);
  for (const row of timeline(result.lines, 1e6)) say(row);
  for (const complaint of result.complaints) say(complaint);
  process.exitCode = result.complaints.length > 0 ? 1 : 0;
} else {
  const count = Number(values.cases ?? Number.POSITIVE_INFINITY);
  const minutes = Number(values.minutes ?? (values.cases === undefined ? 1 : 1e9));
  const failures = await new Run().cases(Number(values.seed), count, minutes * 60_000);
  process.exitCode = failures > 0 ? 1 : 0;
}
