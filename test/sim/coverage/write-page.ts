import { readFileSync, writeFileSync } from 'node:fs';
import { withRuns } from './page.ts';

// Writes the tables of docs/simulated-faults.md.

const page = new URL('../../../../docs/simulated-faults.md', import.meta.url);
writeFileSync(page, withRuns(readFileSync(page, 'utf8')));
