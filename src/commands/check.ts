import { readFileSync } from 'node:fs';
import { type Config, loadConfig, type PoolConfig } from '../config/index.ts';
import { type Moved, movedKeys, type NamedRing, sampleKeys } from '../distribution/moved.ts';
import { ringOf } from '../proxy/pool-ring.ts';
import { runCommand, usageError } from './arguments.ts';
import type { Command, Out } from './index.ts';
import { table } from './text-table.ts';

const SAMPLE = 200_000;

const HELP = `Usage: ringway check OLD NEW [--keys=FILE] [--json]

Shows what changes for the keys of each pool when the configuration file OLD is replaced by NEW:
which share of them moves to another server, in per cent of all keys.

  --keys=FILE   your own keys, one per line, instead of ${SAMPLE} made-up ones
  --json        print JSON
`;

interface PoolChange {
  readonly pool: string;
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  /** What differs besides the servers. */
  readonly differences: readonly string[];
  readonly moved: Moved | null;
}

/** `ringway check`: the share of keys that move between two configuration files. */
export const check: Command = (argv, out, err) =>
  runCommand(argv, { out, err, help: HELP, options: ['keys=', 'json'] }, async (given) => {
    if (given.words.length !== 2) throw usageError('expected two configuration files: OLD NEW');
    const [before, after] = await Promise.all(given.words.map((file) => loadConfig(file)));
    const file = given.text('keys');
    const changes = compare(before, after, file === null ? null : keysOf(file));
    if (given.has('json')) out.write(`${JSON.stringify(changes, null, 2)}\n`);
    else for (const change of changes) print(change, out);
    return 0;
  });

function keysOf(file: string): Uint8Array[] {
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'latin1'));
}

function compare(before: Config, after: Config, keys: Uint8Array[] | null): PoolChange[] {
  const changes: PoolChange[] = [];
  const found = (config: Config, name: string): PoolConfig | undefined =>
    config.pools.find((pool) => pool.name === name);
  for (const pool of before.pools) {
    const next = found(after, pool.name);
    if (next === undefined) {
      changes.push({ pool: pool.name, change: 'removed', differences: [], moved: null });
      continue;
    }
    const moved = movedKeys(namedRing(pool), namedRing(next), keys ?? sampleKeys(SAMPLE));
    const differences = differencesOf(pool, next);
    const same = moved.share === 0 && differences.length === 0;
    changes.push({ pool: pool.name, change: same ? 'same' : 'changed', differences, moved });
  }
  for (const pool of after.pools) {
    if (found(before, pool.name) !== undefined) continue;
    changes.push({ pool: pool.name, change: 'added', differences: [], moved: null });
  }
  return changes;
}

function namedRing(pool: PoolConfig): NamedRing {
  const live = new Uint8Array(pool.servers.length).fill(1);
  return { ring: ringOf(pool, live), names: pool.servers.map((server) => server.ringName) };
}

/** Where the ring is another one, and servers that keep their name but not their address. */
function differencesOf(before: PoolConfig, after: PoolConfig): string[] {
  const found: string[] = [];
  const differs = (what: string, old: unknown, now: unknown): void => {
    if (String(old) !== String(now)) found.push(`${what}: ${old ?? 'none'} → ${now ?? 'none'}`);
  };
  differs('listen', before.listen.text, after.listen.text);
  differs('redis', before.redis, after.redis);
  differs('hash', before.hash, after.hash);
  differs('distribution', before.distribution, after.distribution);
  const tag = ({ hashTag }: PoolConfig) =>
    hashTag === null ? 'none' : String.fromCharCode(...hashTag);
  differs('hash_tag', tag(before), tag(after));
  for (const server of after.servers) {
    const old = before.servers.find(({ ringName }) => ringName === server.ringName);
    if (old === undefined) found.push(`server ${server.ringName} is new`);
    else differs(`server ${server.ringName}`, old.text, server.text);
  }
  for (const server of before.servers) {
    if (after.servers.every(({ ringName }) => ringName !== server.ringName)) {
      found.push(`server ${server.ringName} is gone`);
    }
  }
  return found;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function print({ pool, change, differences, moved }: PoolChange, out: Out): void {
  if (moved === null) {
    out.write(`pool ${pool}: ${change}\n\n`);
    return;
  }
  out.write(`pool ${pool}: ${percent(moved.share)} of the keys move\n`);
  for (const difference of differences) out.write(`  ${difference}\n`);
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
