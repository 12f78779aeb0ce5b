import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from './children.ts';

/** What the working tree is compared with. */
export interface Reference {
  readonly commit: string;
  readonly subject: string;
  /** Why this one. */
  readonly reason: string;
}

/** @throws Error when `ref` names no commit */
export function chooseReference(root: string, ref: string | null): Reference {
  const isDirty = git(root, 'status', '--porcelain') !== '';
  if (ref !== null) return describe(root, ref, 'as asked for');
  if (isDirty) return describe(root, 'HEAD', 'there are uncommitted changes');
  const base = forkPoint(root);
  if (base !== null && base !== git(root, 'rev-parse', 'HEAD')) {
    return describe(root, base, 'where the branch left origin/main');
  }
  return describe(root, 'HEAD~1', 'the commit before, as nothing else is new');
}

/** A second working tree in a temporary folder, built. It is gone when the process has ended. */
export class Checkout {
  readonly dir: string;
  readonly #parent: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.#parent = mkdtempSync(join(tmpdir(), 'ringway-check-'));
    this.dir = join(this.#parent, 'reference');
    process.on('exit', () => this.remove());
  }

  async build(commit: string): Promise<void> {
    git(this.#root, 'worktree', 'add', '--quiet', '--detach', this.dir, commit);
    if (this.#hasSamePackages()) {
      symlinkSync(join(this.#root, 'node_modules'), join(this.dir, 'node_modules'));
    } else {
      await runToEnd('npm', ['ci', '--no-audit', '--no-fund'], this.dir);
    }
    await runToEnd('npm', ['run', '-s', 'build'], this.dir);
  }

  /** Synchronous, as it also runs while the process ends. */
  remove(): void {
    if (!existsSync(this.#parent)) return;
    rmSync(this.#parent, { recursive: true, force: true, maxRetries: 3 });
    git(this.#root, 'worktree', 'prune');
  }

  #hasSamePackages(): boolean {
    const [here, there] = [this.#root, this.dir].map((dir) =>
      readFileSync(join(dir, 'package-lock.json'), 'utf8'),
    );
    return here === there;
  }
}

/** Null without an origin/main. */
function forkPoint(root: string): string | null {
  const known = git(root, 'for-each-ref', '--format=%(refname)', 'refs/remotes/origin/main');
  return known === '' ? null : git(root, 'merge-base', 'HEAD', 'origin/main');
}

function describe(root: string, ref: string, reason: string): Reference {
  const commit = git(root, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`);
  return { commit, subject: git(root, 'log', '-1', '--format=%h %s', commit), reason };
}

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
