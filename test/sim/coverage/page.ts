import { readdirSync, readFileSync } from 'node:fs';
import { Pairs } from '../cases/pairs.ts';
import type { NamedRun } from './named-run.ts';

// docs/simulated-faults.md: what named runs have seen.

const RUNS = new URL('../../../../test/sim/coverage/runs/', import.meta.url);

function namedRuns(): NamedRun[] {
  const files = readdirSync(RUNS).sort();
  return files.map((file) => JSON.parse(readFileSync(new URL(file, RUNS), 'utf8')) as NamedRun);
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function figures(runs: readonly NamedRun[]): string {
  const rows = runs.map((run) => {
    const perMinute = (count: number): string => number((count / run.processorSeconds) * 60);
    const cells = [
      `\`${run.command}\``,
      number(run.seeds.length),
      number(run.simulatedMinutes),
      number(run.answers),
      number(run.messages),
      number(run.faults),
      perMinute(run.simulatedMinutes),
      perMinute(run.faults),
      String(run.failures),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [
    ...['run', 'cases', 'simulated minutes', 'answers', 'messages', 'faults'],
    ...['simulated minutes in one', 'faults in one', 'failures'],
  ];
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [`| ${head.join(' | ')} |`, `| ${rule.join(' | ')} |`, ...rows, ''].join('\n');
}

/** @throws Error when a case would be counted twice */
export function pairsOf(runs: readonly Pick<NamedRun, 'command' | 'seeds' | 'pairs'>[]): Pairs {
  const all = new Pairs();
  const counted = new Set<number>();
  for (const { command, seeds, pairs } of runs) {
    const twice = seeds.find((seed) => counted.has(seed));
    if (twice !== undefined) throw new Error(`seed ${twice} is in ${command} and in another run`);
    for (const seed of seeds) counted.add(seed);
    for (const [key, count] of Object.entries(pairs)) {
      all.counts.set(key, all.of(key) + count);
    }
  }
  return all;
}

/** `page` with its tables as the named runs give them. */
export function withRuns(page: string): string {
  const runs = namedRuns();
  const pairs = pairsOf(runs);
  const parts: Readonly<Record<string, string>> = {
    figures: figures(runs),
    count: `${number(pairs.counts.size)} different ones were met.\n`,
    faults: pairs.markdown((fault) => fault),
    clients: pairs.markdown((_, client) => client),
    pairs: pairs.markdown((fault, client) => `${fault}, ${client}`),
  };
  let written = page;
  for (const [name, part] of Object.entries(parts)) {
    const begin = `<!-- runs: ${name} -->\n`;
    const from = written.indexOf(begin);
    if (from < 0) throw new Error(`the page has no place for ${name}`);
    const end = written.indexOf('<!-- end -->', from);
    written = written.slice(0, from + begin.length) + part + written.slice(end);
  }
  return written;
}
