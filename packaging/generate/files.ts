// Files that are made of the program: which, and what stands in them.

import { readFileSync } from 'node:fs';
import { apiReference } from './api-reference.ts';
import { commandTable, helpTexts } from './command-table.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.ts';
import { configSchema } from './config-schema.ts';
import { poolKeysSource } from './pool-keys.ts';
import { commandLinePage, errorsPage } from './reference-pages.ts';

/** Text by path from the root of the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const { homepage } = JSON.parse(readFileSync('package.json', 'utf8'));
  const table = await commandTable();
  const schema = configSchema(`${homepage}ringway.schema.json`);
  return new Map([
    ['packaging/ringway.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/api.md', apiReference()],
    ['docs/command-line.md', commandLinePage(await helpTexts())],
    ['docs/errors.md', errorsPage()],
    ['src/embed/pool-keys.ts', poolKeysSource()],
    ['packaging/completions/ringway.bash', bashCompletion(table)],
    ['packaging/completions/_ringway', zshCompletion(table)],
    ['packaging/completions/ringway.fish', fishCompletion(table)],
  ]);
}
