import { type Config, configWarnings, loadConfig } from '../../config/index.ts';
import { runCommand, usageError } from '../arguments.ts';
import type { Command, Out } from '../command.ts';
import { SOURCE_HELP, SOURCE_OPTIONS, statusClient } from '../status-client.ts';
import { lookAtDescriptors, lookAtDoors } from './doors.ts';
import type { Finding, Level } from './finding.ts';
import { lookAtServer } from './look.ts';
import { lookAtOthers, othersOf } from './others.ts';
import { type Circumstances, lookAtPool } from './pool.ts';
import { Running } from './running.ts';
import { type SpreadPool, spreadPool } from './spread-pool.ts';

const HELP = `Usage: ringway doctor FILE [options]

Looks at everything that a configuration needs, before or while ringway runs with it: connects to
each server as ringway would, with its TLS and its password, asks it for its version, its role,
how many clients it lets in and when it closes idle ones; looks whether the ports can be listened
on, and how many files a process may have open. So it does with replicas, sentinels and witnesses.
Changes nothing. Says what will hurt:

  error      it will not work: exit status 1
  warning    it works, and will hurt some day
  ok         looked at, and well

  --workers=N        with how many worker processes it is to run (default: 1)
  --quiet            leave out what is well
  --json             print JSON

A ringway that runs is asked for the connections it has: they are not counted as others'.
${SOURCE_HELP}`;

/** Servers that are asked at the same time. */
const AT_ONCE = 128;
const MARKS: Readonly<Record<Level, string>> = { ok: 'ok', warning: 'WARNING', error: 'ERROR' };

/** `ringway doctor`: what will hurt with a configuration file. */
export const doctor: Command = (argv, out, err) => {
  const options = ['workers=', 'quiet', 'json', ...SOURCE_OPTIONS];
  return runCommand(argv, { out, err, help: HELP, options }, async (given) => {
    const [file, ...others] = given.words;
    if (file === undefined || others.length > 0)
      throw usageError('expected one FILE: ringway doctor --help');
    const text = given.text('workers') ?? '1';
    const workers = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
    if (workers < 1) throw usageError(`--workers is a number from 1 to 999, not ${text}`);
    const config = await loadConfig(file);
    for (const line of configWarnings(config)) err.write(`${line}\n`);
    const isNamed = given.text('http-addr') !== null || given.text('admin-socket') !== null;
    const running = await Running.ask(statusClient(given), isNamed);
    const found = await lookAtAll(config, { workers, running }, progress(err));
    const shown = given.has('quiet') ? found.filter(({ level }) => level !== 'ok') : found;
    if (given.has('json')) out.write(`${JSON.stringify(shown, null, 2)}\n`);
    else print(shown, out);
    return found.some(({ level }) => level === 'error') ? 1 : 0;
  });
};

async function lookAtAll(config: Config, around: Circumstances, tell: Tell): Promise<Finding[]> {
  const found: Finding[] = [];
  const pools: SpreadPool[] = [];
  for (const pool of config.pools) pools.push(await spreadPool(pool, found));
  found.unshift(...lookAtDescriptors(pools, around.workers).all);
  const all = pools.reduce((sum, { pool, lines }) => sum + lines.length + othersOf(pool), 0);
  let done = 0;
  const each = <T, R>(items: readonly T[], use: (item: T) => Promise<R>): Promise<R[]> =>
    someAtATime(items, async (item) => {
      const seen = await use(item);
      tell(`${++done} of ${all} servers`);
      return seen;
    });
  for (const { pool, lines } of pools) {
    found.push(...(await lookAtDoors(pool, around.running)).all);
    const servers = await each(lines, (server) => lookAtServer(pool, server));
    const others = await lookAtOthers(pool, each);
    const whole = lookAtPool(pool, servers, others, around);
    const shown = [...servers, ...others.replicas, ...others.watches];
    found.push(
      ...[...shown.map(({ findings }) => findings), ...others.witnesses, whole].flatMap(
        ({ all }) => all,
      ),
    );
  }
  tell('');
  return found;
}

/** Shows how far it is; empty = no more. */
type Tell = (text: string) => void;

function progress(err: Out): Tell {
  if (!process.stderr.isTTY) return () => {};
  return (text) => err.write(`\r${text.slice(0, process.stderr.columns - 1)}\x1b[K`);
}

/** As map() with promises, so many at a time; one that takes long holds up nobody else. */
async function someAtATime<T, R>(items: readonly T[], use: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await use(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return results;
}

function print(found: readonly Finding[], out: Out): void {
  let place: string | null = null;
  for (const { level, pool, server, text } of found) {
    const here = [pool, server ?? ''].join(' ').trim();
    if (here !== place) out.write(`${here === '' ? 'this machine' : here}\n`);
    place = here;
    out.write(`  ${MARKS[level].padEnd(8)} ${text}\n`);
  }
  const count = (wanted: Level): number => found.filter(({ level }) => level === wanted).length;
  out.write(`\n${several(count('error'), 'error')}, ${several(count('warning'), 'warning')}\n`);
}

function several(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
