import { ensureDebianPackage, findBinary } from './real-servers.ts';

/**
 * Path of a program with which tests look at something once more, installed where that can be done.
 * Without it there is one look less, and a line that says so; where CI is set, that is an error.
 */
export function toolFor(name: string, debianPackage: string): string | undefined {
  const found = findBinary([name]);
  if (found !== undefined) return found;
  try {
    ensureDebianPackage(debianPackage);
  } catch (error) {
    if (process.env['CI']) throw error;
    console.error(`tests that need ${name} are left out: ${(error as Error).message}`);
    return undefined;
  }
  return findBinary([name]);
}
