import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/source-tree.ts';
import { commandsPage } from './commands-page.ts';

writeFileSync(join(ROOT, 'docs/commands.md'), commandsPage());
