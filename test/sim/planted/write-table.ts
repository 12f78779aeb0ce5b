import { readFileSync, writeFileSync } from 'node:fs';
import { withTable } from './table.ts';

// Writes the table of planted bugs in docs/testing.md.

const page = new URL('../../../../docs/testing.md', import.meta.url);
writeFileSync(page, withTable(readFileSync(page, 'utf8')));
