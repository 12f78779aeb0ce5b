import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureDebianPackage, type RealServer, startRedisSet } from '../support/real-servers.ts';
import {
  shards,
  startInProcess,
  type TestRingway,
  USUAL,
  type Variant,
} from '../support/ringway.ts';
import { ROOT } from '../support/source-tree.ts';

// What every client suite talks to: a ringway with its default configuration before four servers.

export interface Topology {
  readonly port: number;
  readonly ringway: TestRingway;
  /** How many servers have at least one key. */
  serversInUse(): Promise<number>;
  stop(): Promise<void>;
}

export const SERVERS = 4;

export async function startTopology(variant: Variant = USUAL): Promise<Topology> {
  const servers: RealServer[] = await startRedisSet(SERVERS);
  const ringway = await startInProcess(
    { servers: shards(servers.map(({ port }) => port)) },
    variant,
  );
  return {
    port: ringway.port,
    ringway,
    serversInUse: async () => {
      const sizes = await Promise.all(servers.map(({ port }) => redisCli(port, 'DBSIZE')));
      return sizes.filter((size) => Number(size) > 0).length;
    },
    stop: async () => {
      await ringway.stop();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

const run = promisify(execFile);

async function redisCli(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-p', String(port), ...words]);
  return stdout.trim();
}

/** Installs Debian packages unless `command` ends well. */
export function ensureWorks(command: readonly string[], packages: readonly string[]): void {
  if (works(command)) return;
  for (const name of packages) ensureDebianPackage(name);
  if (!works(command)) throw new Error(`this test needs ${packages.join(' and ')}`);
}

function works([program, ...args]: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs a program in test/clients with the port of ringway. @returns what it printed */
export async function runClient(
  program: readonly string[],
  file: string,
  port: number,
): Promise<string> {
  const [command, ...args] = program;
  const path = join(ROOT, 'test/clients', file);
  const { stdout } = await run(command, [...args, path, String(port)], { timeout: 30_000 });
  return stdout.trim();
}
