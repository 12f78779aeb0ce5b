import { readFileSync } from 'node:fs';
import { askAdmin } from '../../src/admin/admin-client.ts';
import { freePort } from '../support/free-port.ts';
import { type ChildRingway, type PoolSpec, startChild } from '../support/ringway.ts';

const started: ChildRingway[] = [];

/** What a failed test has left must not keep this process from ending. */
export function killLeft(): void {
  for (const ringway of started) if (ringway.child.exitCode === null) ringway.kill('SIGKILL');
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
  started.push(ringway);
  return {
    ringway,
    port: ringway.port,
    move: async () => void (await askAdmin(socket, move, 60_000)),
    stop: async () => {
      process.kill(Number(readFileSync(pidFile, 'latin1')), 'SIGTERM');
      await ringway.gone;
    },
  };
}
