import { readdirSync, readFileSync } from 'node:fs';

/** Descriptors kept for what is not a connection: files, listeners, the stats, pipes. */
const RESERVED = 64;

/**
 * The limit on open files of this process; 0 where there is none or the system does not tell (only
 * Linux does).
 */
export function descriptorLimit(): number {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return 0; // no such file: another system
  }
  const soft = /^Max open files +(\d+)/m.exec(limits);
  return soft === null ? 0 : Number(soft[1]);
}

/** Open files and sockets of this process; 0 where the system does not tell. */
export function openDescriptors(): number {
  try {
    // One of them is the folder that is being read.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return 0; // another system, or no descriptor left to look with
  }
}

/** How many connections the system lets this process have: its limit, less a reserve; 0 = any. */
export function connectionsAllowed(): number {
  const limit = descriptorLimit();
  return limit === 0 ? 0 : Math.max(1, limit - RESERVED);
}
