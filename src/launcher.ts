#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { COMPILE_CACHE_FLUSH_MS } from './limits/running.ts';

// Loads the command line with what the engine compiled at an earlier start, where Node can (22.8).

interface CompileCache {
  enableCompileCache?(folder: string): unknown;
  flushCompileCache?(): void;
}

const { enableCompileCache, flushCompileCache } = module as typeof module & CompileCache;
const folder = enableCompileCache === undefined ? null : cacheFolder(process.env);
if (folder !== null) {
  // A folder that cannot be used is Node's to report, by NODE_DEBUG_NATIVE: the start goes on.
  enableCompileCache?.(folder);
  // A proxy runs for months, and may end by a signal that leaves no time.
  setTimeout(() => flushCompileCache?.(), COMPILE_CACHE_FLUSH_MS).unref();
}
await import('./cli.ts');

/**
 * A folder that is this user's alone: who can write there decides what runs. Node's own default is
 * a name below /tmp that others can take first.
 * @returns null when NODE_COMPILE_CACHE has been obeyed already, or there is no such folder
 */
function cacheFolder(env: NodeJS.ProcessEnv): string | null {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE !== undefined) {
    return null;
  }
  // systemd's CacheDirectory=, the desktop's convention, and its default.
  const parent = env.CACHE_DIRECTORY ?? env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const own = join(parent, 'ringway');
  return isFolder(parent) && isFolder(own) ? own : null;
}

/** Makes it if need be, but not what it stands in: a home that is not there is nobody's. */
function isFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    // What cannot be written to is found out by who writes; then each start compiles.
    return (error as NodeJS.ErrnoException).code === 'EEXIST';
  }
}
