import type { ChildProcess } from 'node:child_process';
import { inTime } from './wait.ts';

/** Longer than anything that a process does behind its last order. */
const PATIENCE_MS = 90_000;

/**
 * To be called as soon as a process is there.
 * @returns waits for its end, and that of its output; resolves with the exit status, null when a
 * signal ended it. A process that does not end is killed, and the wait fails.
 */
export function endOf(child: ChildProcess): () => Promise<number | null> {
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  return async () => {
    try {
      return await inTime(`the end of process ${child.pid}`, closed, PATIENCE_MS);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  };
}
