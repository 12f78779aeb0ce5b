import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './source-tree.ts';

export const CLI: string = join(ROOT, 'build/cli/ringway.js');

/** For what is installed, which users start without the assertions that tests have. */
export const AS_SHIPPED: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '' };

/** A command that takes longer is ended, and has no status. */
export const END_MS = 120_000;

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end. */
export function runCli(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, ...options.env },
    timeout: END_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}
