import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What processes have used so far. */
export interface Usage {
  /** User and system time of all threads. */
  readonly cpuMs: number;
  /** Pages that several processes share count for each. */
  readonly rssKib: number;
}

interface ProcessUsage extends Usage {
  readonly pid: number;
  readonly parent: number;
}

/** Of a process and of all that descend from it: workers are processes of their own. */
export function usageOf(pid: number): Usage {
  const all = existsSync('/proc/self/stat') ? fromProc() : fromPs();
  const family = new Set([pid]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const it of all) if (family.has(it.parent)) family.add(it.pid);
  }
  const members = all.filter((it) => family.has(it.pid));
  if (members.length === 0) throw new Error(`process ${pid} has ended`);
  return {
    cpuMs: members.reduce((sum, it) => sum + (scheduledMs(it.pid) ?? it.cpuMs), 0),
    rssKib: members.reduce((sum, it) => sum + it.rssKib, 0),
  };
}

let ticksPerSecond = 0;
let pageKib = 0;

function fromProc(): ProcessUsage[] {
  if (ticksPerSecond === 0) {
    ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    pageKib = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) / 1024;
  }
  const list: ProcessUsage[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = readIfThere(`/proc/${name}/stat`);
    if (text === null) continue;
    const { parent, ticks, pages } = parseProcStat(text);
    const cpuMs = (ticks * 1000) / ticksPerSecond;
    list.push({ pid: Number(name), parent, cpuMs, rssKib: pages * pageKib });
  }
  return list;
}

/**
 * The same time to the nanosecond, where the kernel keeps it: what /proc/PID/stat shows is in ticks of
 * 10 ms. Threads that have ended are not in it, but neither proxies nor servers end theirs under load.
 */
function scheduledMs(pid: number): number | null {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(`/proc/${pid}/schedstat`)) return null;
  let ns = 0;
  for (const thread of readdirSync(folder)) {
    ns += Number(readIfThere(`${folder}/${thread}/schedstat`)?.split(' ')[0] ?? 0);
  }
  return ns / 1e6;
}

/** null for a process or thread that has ended since its folder was listed. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Of /proc/PID/stat; the name in front may hold blanks and brackets. */
export function parseProcStat(text: string): { parent: number; ticks: number; pages: number } {
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    parent: Number(rest[1]),
    ticks: Number(rest[11]) + Number(rest[12]),
    pages: Number(rest[21]),
  };
}

function fromPs(): ProcessUsage[] {
  const columns = ['-A', '-o', 'pid=,ppid=,time=,rss='];
  const output = execFileSync('ps', columns, { encoding: 'utf8' });
  return output.trimEnd().split('\n').map(parsePs);
}

/** `ps -o pid=,ppid=,time=,rss=`: two numbers, [[dd-]hh:]mm:ss[.cc] and KiB. */
export function parsePs(line: string): ProcessUsage {
  const pattern = /^(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)$/;
  const match = pattern.exec(line.trim());
  if (match === null) throw new Error(`unexpected output of ps: ${line}`);
  const numbers = match.slice(1).map((part) => Number(part ?? 0));
  const [pid, parent, days, hours, minutes, seconds, rssKib] = numbers;
  const cpuMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  return { pid, parent, cpuMs, rssKib };
}
