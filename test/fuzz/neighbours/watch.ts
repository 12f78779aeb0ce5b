import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import type { ChildRingway } from '../../support/ringway.ts';

// Looks at the process of a proxy from outside: whether it lives, what it takes, what it says.

const MIB = 1024 * 1024;
/** Beside the configured budget and what the process took when it was ready. */
const SLACK_BYTES = 64 * MIB;
const LOOK_MS = 200;

/** What no line of the log may hold: an error nobody foresaw, or bytes that a terminal obeys. */
const UNFORESEEN =
  /(Type|Range|Syntax|Reference)Error|[Uu]ncaught|internal error|^\s+at .+:\d+:\d+\)?$|Maximum call/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
const WORKER_LOST = /worker \d* ?.*(died|ended|exit)/i;

function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // It ended.
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The body that the proxy's own HTTP address answers with. */
export function httpGet(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path, timeout: 20_000 }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    request.on('timeout', () => request.destroy(new Error('no answer for 5 s')));
    request.on('error', reject);
  });
}

export class Watch {
  readonly complaints: string[] = [];
  /** Of the largest of its processes, so far. */
  largestBytes = 0;
  readonly #ringway: ChildRingway;
  readonly #pids: readonly number[];
  readonly #bounds: readonly number[];
  readonly #timer: NodeJS.Timeout;
  #linesSeen = 0;
  #stopping = false;
  #tooLarge = false;

  /** Begins when the proxy is ready: what it takes then is what it takes idle. */
  constructor(ringway: ChildRingway, memoryMib: number) {
    this.#ringway = ringway;
    this.#pids = [ringway.pid, ...childrenOf(ringway.pid)];
    this.#bounds = this.#pids.map((pid) => residentBytes(pid) + memoryMib * MIB + SLACK_BYTES);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    ringway.child.once('close', (status: number | null) => {
      if (this.#stopping) return;
      const tail = ringway.log.slice(-12).join('\n    ');
      this.complaints.push(`the process ended with ${status}:\n    ${tail}`);
    });
  }

  get alive(): boolean {
    return this.#ringway.child.exitCode === null && this.#ringway.child.signalCode === null;
  }

  #look(): void {
    for (const [i, pid] of this.#pids.entries()) {
      const bytes = residentBytes(pid);
      this.largestBytes = Math.max(this.largestBytes, bytes);
      if (bytes > this.#bounds[i] && !this.#tooLarge) {
        this.#tooLarge = true;
        const most = Math.round(this.#bounds[i] / MIB);
        this.complaints.push(`takes ${Math.round(bytes / MIB)} MiB; ${most} MiB would be right`);
      }
    }
    const { log } = this.#ringway;
    for (; this.#linesSeen < log.length; this.#linesSeen++) {
      const line = log[this.#linesSeen];
      if (UNFORESEEN.test(line) || CONTROL.test(line) || WORKER_LOST.test(line)) {
        if (this.complaints.length < 5)
          this.complaints.push(`the log says ${JSON.stringify(line)}`);
      }
    }
  }

  /** Errors that it caught itself but did not foresee, by its own count. */
  async readCounters(httpPort: number): Promise<void> {
    if (!this.alive) return;
    try {
      const text = await httpGet(httpPort, '/metrics');
      for (const [line, count] of text.matchAll(/^ringway_internal_errors_total\S* (\S+)$/gm)) {
        if (Number(count) !== 0) this.complaints.push(`its metrics say ${line}`);
      }
    } catch (error) {
      this.complaints.push(`its HTTP address: ${(error as Error).message}`);
    }
  }

  stop(): void {
    this.#look();
    this.#stopping = true;
    clearInterval(this.#timer);
  }
}
