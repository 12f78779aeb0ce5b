import { readFileSync } from 'node:fs';
import { configWarnings, loadConfig, unresolvedServers } from '../config/index.ts';
import { adviceOf } from '../proxy/pool/advice.ts';
import { compareConfigs, type PoolChange, SAMPLE_KEYS } from '../proxy/pool/config-changes.ts';
import { runCommand, usageError } from './arguments.ts';
import { balanceOf, balanceText } from './balance.ts';
import type { Command, Out } from './command.ts';
import { withMembersNow } from './listed-members.ts';
import { percent, table } from './text-table.ts';

const HELP = `Usage: ringway check FILE [--keys=FILE] [--json]
       ringway check OLD NEW [--keys=FILE] [--json]

With one configuration file: which part of the keys each server of a pool gets, for keys of several
forms, and whether another hash would spread them better. Says what FILE had better limit. Servers
that SRV records list (discover_members) are those of now.

With two: what changes for the keys of each pool when OLD is replaced by NEW: which share of them
moves to another server, in per cent of all keys. Says what NEW had better limit.

  --keys=FILE   your own keys, one per line, instead of made-up ones (${SAMPLE_KEYS} for two files)
  --json        print JSON
`;

/** `ringway check`: how keys are spread, or the share that moves between two files. */
export const check: Command = (argv, out, err) =>
  runCommand(argv, { out, err, help: HELP, options: ['keys=', 'json'] }, async (given) => {
    const { words } = given;
    if (words.length !== 1 && words.length !== 2) {
      throw usageError(
        'expected one or two configuration files: FILE, or OLD NEW: ringway check --help',
      );
    }
    const configs = await Promise.all(
      words.map(async (file) => withMembersNow(await loadConfig(file))),
    );
    const last = configs[configs.length - 1];
    const warnings = [...configWarnings(last), ...(await unresolvedServers(last))];
    for (const line of warnings) err.write(`${line}\n`);
    const file = given.text('keys');
    const keys = file === null ? null : keysOf(file);
    if (configs.length === 1) {
      for (const pool of last.pools) {
        for (const each of adviceOf(pool)) err.write(`advice: pool ${pool.name}: ${each}\n`);
      }
      const balances = balanceOf(last, keys);
      out.write(given.has('json') ? json(balances) : balanceText(balances));
      return 0;
    }
    const changes = compareConfigs(configs[0], last, keys);
    if (given.has('json')) out.write(json(changes));
    else for (const change of changes) print(change, out);
    return 0;
  });

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function keysOf(file: string): Uint8Array[] {
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'latin1'));
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
