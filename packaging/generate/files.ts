// Files of packaging/ that are made of the program: which, and what stands in them.

import { readFileSync } from 'node:fs';
import { commandTable } from './command-table.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.ts';
import { configSchema } from './config-schema.ts';

/** Text by path from the root of the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const { homepage } = JSON.parse(readFileSync('package.json', 'utf8'));
  const table = await commandTable();
  const schema = configSchema(`${homepage}ringway.schema.json`);
  return new Map([
    ['packaging/ringway.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['packaging/completions/ringway.bash', bashCompletion(table)],
    ['packaging/completions/_ringway', zshCompletion(table)],
    ['packaging/completions/ringway.fish', fishCompletion(table)],
  ]);
}
