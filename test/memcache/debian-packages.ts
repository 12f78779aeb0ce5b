import { execFileSync } from 'node:child_process';

/** What a test needs of Debian, and a command that succeeds where it is there. */
interface Need {
  readonly packages: readonly string[];
  readonly check: readonly [command: string, ...args: string[]];
}

function isThere({ check: [command, ...args] }: Need): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function aptGet(...args: string[]): void {
  execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}

/** Installs what is missing, as root; elsewhere the error says what to install. */
export function ensurePackages(needs: readonly Need[]): void {
  const missing = needs.filter((need) => !isThere(need)).flatMap(({ packages }) => packages);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw new Error(`please install ${missing.join(' ')} first`);
  aptGet('update');
  aptGet('install', '-y', '--no-install-recommends', ...missing);
}
