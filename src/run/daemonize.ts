import { spawn } from 'node:child_process';

/** Set for the process that runs in the background: it must not go there again. */
const MARK = 'RINGWAY_DAEMON';

/** Whether this process is the one in the background. */
export function isDaemon(env: NodeJS.ProcessEnv): boolean {
  return env[MARK] === '1';
}

/**
 * Starts this program again in the background, as a session of its own without a terminal: standard
 * input, output and error are /dev/null, the working directory stays. Node cannot fork, so what
 * nutcracker does with two forks is done by starting anew; whoever waits sees the same: this
 * process exits with 0 before the configuration is read.
 */
export function startDaemon(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const script = process.argv[1] as string;
  const child = spawn(process.execPath, [...process.execArgv, script, ...argv], {
    detached: true,
    stdio: 'ignore',
    env: { ...env, [MARK]: '1' },
  });
  child.unref();
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

/** What remains to be done in the background process. */
export function becomeDaemon(env: NodeJS.ProcessEnv): void {
  delete env[MARK];
  process.umask(0);
}
