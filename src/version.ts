import { readFileSync } from 'node:fs';

/** Version of this package: the one that package.json names. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  }
).version;
