import { readFileSync } from 'node:fs';

/** Descriptors kept for what is not a connection: files, listeners, the stats, pipes. */
const RESERVED = 64;

/**
 * How many connections the system lets this process have: its limit on open files, less a reserve.
 * 0 where the system does not tell (only Linux does).
 */
export function connectionsAllowed(): number {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return 0; // no such file: another system
  }
  const soft = /^Max open files +(\d+)/m.exec(limits);
  return soft === null ? 0 : Math.max(1, Number(soft[1]) - RESERVED);
}
