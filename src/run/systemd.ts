import { execFile } from 'node:child_process';
import { NOTIFY_MS } from '../limits.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The first descriptor that systemd passes. */
const FIRST_FD = 3;

/**
 * Listening sockets that systemd opened for this process, by the name that the socket unit gives
 * them (`FileDescriptorName=`), which is the name of the pool.
 */
export function inheritedSockets(env: Environment, pid: number): ReadonlyMap<string, number> {
  const sockets = new Map<string, number>();
  if (Number(env['LISTEN_PID']) !== pid) return sockets;
  const count = Number(env['LISTEN_FDS'] ?? 0);
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  for (let i = 0; i < count; i++) sockets.set(names[i] ?? String(i), FIRST_FD + i);
  return sockets;
}

/**
 * Tells systemd how things are, when it started this process with `Type=notify`. Node cannot write
 * to its datagram socket, so systemd-notify does; the unit needs `NotifyAccess=all`. It tells
 * systemd as well that `pid` is the main process.
 */
export function notifySystemd(env: Environment, pid: number, ...states: string[]): Promise<void> {
  if (env['NOTIFY_SOCKET'] === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const options = { timeout: NOTIFY_MS };
    const args = [`--pid=${pid}`, ...states];
    const child = execFile('systemd-notify', args, options, () => resolve());
    child.unref();
  });
}
