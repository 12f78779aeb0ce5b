// npm run bench:docs: tables, charts and page of the docs from bench/results. It measures nothing.

import { writeFileSync } from 'node:fs';
import { benchDocs } from './files.ts';

for (const [path, text] of benchDocs()) writeFileSync(path, text);
