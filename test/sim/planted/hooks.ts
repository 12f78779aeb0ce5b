import type { LoadFnOutput, LoadHookContext } from 'node:module';
import { PLANTED_BUGS, type PlantedBug } from './bugs.ts';

// Runs on the thread that loads modules.

let planted: PlantedBug | null = null;

export function initialize(name: string): void {
  planted = PLANTED_BUGS.find((bug) => bug.name === name) ?? null;
  if (planted === null) throw new Error(`no bug is called ${JSON.stringify(name)}`);
}

type Next = (url: string, context: LoadHookContext) => Promise<LoadFnOutput>;

export async function load(url: string, context: LoadHookContext, next: Next) {
  const loaded = await next(url, context);
  if (planted === null || !url.endsWith(`/build/src/${planted.file}.js`)) return loaded;
  const source = String(loaded.source);
  const parts = source.split(planted.from);
  if (parts.length !== 2) {
    throw new Error(`${planted.file} has "${planted.from}" ${parts.length - 1} times: not planted`);
  }
  return { ...loaded, source: parts.join(planted.to) };
}
