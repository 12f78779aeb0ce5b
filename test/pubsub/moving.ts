import { existsSync, readFileSync } from 'node:fs';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { type ChildRingway, type PoolSpec, startChild } from '../support/ringway.ts';

interface Started {
  readonly ringway: ChildRingway;
  /** Where the one says who it is that all clients went to. */
  readonly pidFile: string;
}

const started: Set<Started> = new Set();

/** What a failed test has left must not keep this process from ending, nor outlive it. */
export function killLeft(): void {
  for (const { ringway, pidFile } of started) {
    const heir = existsSync(pidFile) ? Number(readFileSync(pidFile, 'latin1')) : ringway.pid;
    if (heir > 0 && heir !== ringway.pid) kill(heir);
    if (ringway.child.exitCode === null) ringway.kill('SIGKILL');
  }
}

/** Ends a process that is no child of this one; it may have ended. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** ringway as a program that can be told to have all clients go elsewhere. */
export interface Running {
  readonly ringway: ChildRingway;
  readonly port: number;
  move(): Promise<void>;
  stop(): Promise<void>;
}

/** @param move the order on the admin socket that has all clients go elsewhere */
export async function run(
  redis: readonly { readonly port: number }[],
  move: 'upgrade' | 'restart',
  workers: number,
  keys: Partial<PoolSpec> = {},
): Promise<Running> {
  const base = `/tmp/ringway-moves-${process.pid}-${await freePort()}`;
  const [socket, pidFile] = [`${base}.sock`, `${base}.pid`];
  const servers = redis.map(({ port }, i) => `127.0.0.1:${port}:1 s${i}`);
  const more = ['--admin-socket', socket, '-p', pidFile, '--http-addr', 'off'];
  const ringway = await startChild(
    { servers, ...keys },
    { args: [...more, '--workers', `${workers}`] },
  );
  const entry = { ringway, pidFile };
  started.add(entry);
  return {
    ringway,
    port: ringway.port,
    move: async () => void (await askAdmin(socket, move, 60_000)),
    stop: async () => {
      process.kill(Number(readFileSync(pidFile, 'latin1')), 'SIGTERM');
      await ringway.gone();
      started.delete(entry);
    },
  };
}
