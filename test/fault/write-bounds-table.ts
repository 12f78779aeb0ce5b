import { readFileSync, writeFileSync } from 'node:fs';
import { PAGE, withBounds } from './bounds-table.ts';

// Writes the table of docs/security.md again.
writeFileSync(PAGE, withBounds(readFileSync(PAGE, 'utf8')));
