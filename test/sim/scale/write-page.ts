import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './page.ts';

// Writes the tables of docs/scaling.md.

const page = new URL('../../../../docs/scaling.md', import.meta.url);
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
