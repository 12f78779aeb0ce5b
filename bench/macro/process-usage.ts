import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuMs: number;
  readonly rssKib: number;
}

export function usageOf(pid: number): Usage {
  if (existsSync(`/proc/${pid}/stat`)) return fromProc(pid);
  const output = execFileSync('ps', ['-o', 'time=,rss=', '-p', String(pid)], { encoding: 'utf8' });
  return parsePs(output);
}

let ticksPerSecond = 0;

function fromProc(pid: number): Usage {
  if (ticksPerSecond === 0) {
    ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  }
  const ticks = parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const rssKib = Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return { cpuMs: (ticks * 1000) / ticksPerSecond, rssKib };
}

/** utime + stime of /proc/PID/stat, in ticks; the name before them may hold blanks and brackets. */
export function parseProcStat(text: string): number {
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(rest[11]) + Number(rest[12]);
}

/** `ps -o time=,rss=`: [[dd-]hh:]mm:ss[.cc] and KiB. */
export function parsePs(text: string): Usage {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)$/.exec(text.trim());
  if (match === null) throw new Error(`unexpected output of ps: ${text}`);
  const [days, hours, minutes, seconds, rssKib] = match.slice(1).map((part) => Number(part ?? 0));
  return { cpuMs: (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000, rssKib };
}
