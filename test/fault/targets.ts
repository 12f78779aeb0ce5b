import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endOf } from '../support/ending.ts';
import { isPortFree } from '../support/free-port.ts';
import { findBinary } from '../support/real-servers.ts';
import { type PoolSpec, poolFile, startChild } from '../support/ringway.ts';
import { waitFor } from '../support/wait.ts';

/** A proxy under test, as a process of its own. */
export interface Target {
  readonly name: 'ringway' | 'nutcracker';
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a proxy on one pool. */
export type StartTarget = (pool: PoolSpec) => Promise<Target>;

export async function ringwayTarget(pool: PoolSpec): Promise<Target> {
  const child = await startChild(pool);
  return { name: 'ringway', port: child.port, pid: child.pid, stop: () => child.stop() };
}

export function nutcrackerPath(): string | undefined {
  return findBinary(['nutcracker']) ?? findBinary(['twemproxy']);
}

const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) process.kill(pid, 'SIGKILL');
});

/** Keys that nutcracker does not know must not be in `pool`. */
export async function nutcrackerTarget(pool: PoolSpec): Promise<Target> {
  const { text, ports } = await poolFile([pool]);
  const folder = mkdtempSync(join(tmpdir(), 'ringway-nutcracker-'));
  const file = join(folder, 'nutcracker.yml');
  writeFileSync(file, text);
  const stats = 30_000 + Math.floor(Math.random() * 2_000);
  const args = ['-c', file, '-o', join(folder, 'log'), '-a', '127.0.0.1', '-s', String(stats)];
  const child = spawn(nutcrackerPath() as string, args, { stdio: 'ignore' });
  const pid = child.pid as number;
  running.add(pid);
  child.once('exit', () => {
    running.delete(pid);
    rmSync(folder, { recursive: true, force: true });
  });
  const gone = endOf(child);
  await waitFor('nutcracker to listen', async () => !(await isPortFree(ports[0])));
  return {
    name: 'nutcracker',
    port: ports[0],
    pid,
    stop: async () => {
      child.kill('SIGTERM');
      await gone();
    },
  };
}

/** Resident memory of a process in bytes; NaN once it is gone. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}
