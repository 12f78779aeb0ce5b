import { readFileSync } from 'node:fs';
import { configWarnings, loadConfig, unresolvedServers } from '../config/index.ts';
import { compareConfigs, type PoolChange, SAMPLE_KEYS } from '../proxy/pool/config-changes.ts';
import { runCommand, usageError } from './arguments.ts';
import type { Command, Out } from './command.ts';
import { table } from './text-table.ts';

const HELP = `Usage: ringway check OLD NEW [--keys=FILE] [--json]

Shows what changes for the keys of each pool when the configuration file OLD is replaced by NEW:
which share of them moves to another server, in per cent of all keys. Says what NEW had better
limit.

  --keys=FILE   your own keys, one per line, instead of ${SAMPLE_KEYS} made-up ones
  --json        print JSON
`;

/** `ringway check`: the share of keys that move between two configuration files. */
export const check: Command = (argv, out, err) =>
  runCommand(argv, { out, err, help: HELP, options: ['keys=', 'json'] }, async (given) => {
    if (given.words.length !== 2) throw usageError('expected two configuration files: OLD NEW');
    const [before, after] = await Promise.all(given.words.map((file) => loadConfig(file)));
    const warnings = [...configWarnings(after), ...(await unresolvedServers(after))];
    for (const line of warnings) err.write(`${line}\n`);
    const file = given.text('keys');
    const changes = compareConfigs(before, after, file === null ? null : keysOf(file));
    if (given.has('json')) out.write(`${JSON.stringify(changes, null, 2)}\n`);
    else for (const change of changes) print(change, out);
    return 0;
  });

function keysOf(file: string): Uint8Array[] {
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'latin1'));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function print({ pool, change, differences, advice, moved }: PoolChange, out: Out): void {
  if (moved === null) {
    out.write(`pool ${pool}: ${change}\n`);
    for (const each of advice) out.write(`  advice: ${each}\n`);
    out.write('\n');
    return;
  }
  out.write(`pool ${pool}: ${percent(moved.share)} of the keys move\n`);
  for (const difference of differences) out.write(`  ${difference}\n`);
  for (const each of advice) out.write(`  advice: ${each}\n`);
  const rows = moved.servers.map((server) => [
    server.name,
    percent(server.before),
    percent(server.after),
    percent(server.out),
    percent(server.in),
  ]);
  out.write(table(['  server', 'before', 'after', 'moves away', 'comes in'], rows, '  '));
  out.write('\n');
}
