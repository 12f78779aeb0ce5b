import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { FAULTS } from './faults.ts';
import { type Row, runScenario } from './scenario.ts';
import { table } from './table.ts';
import { nutcrackerPath, nutcrackerTarget, ringwayTarget } from './targets.ts';

// npm run fault-report: every fault, ringway and (where it is installed) nutcracker, into the table
// of docs/reliability.md.

const DOCUMENT = 'docs/reliability.md';
const BEGIN = '<!-- fault-report: begin -->';
const END = '<!-- fault-report: end -->';

const targets = [ringwayTarget, ...(nutcrackerPath() === undefined ? [] : [nutcrackerTarget])];
const rows: Row[] = [];
for (const fault of FAULTS) {
  for (const target of targets) {
    const row = await runScenario(fault, target);
    rows.push(row);
    console.log(table([row]).split('\n')[2]);
    for (const complaint of [...row.complaints, ...row.audit].slice(0, 3)) {
      console.log(`    ${complaint}`);
    }
    console.log(`    ${[...row.errorTexts].map(([text, n]) => `${n} × ${text}`).join('; ')}`);
  }
}

const machine = `${cpus().length} cores (${cpus()[0].model}), ${Math.round(totalmem() / 2 ** 30)} GB`;
const when = new Date().toISOString().slice(0, 10);
const text = `${table(rows)}\n\nNode ${process.version}, ${machine}, ${when}; clients, servers and proxy on it.`;
const document = readFileSync(DOCUMENT, 'utf8');
const from = document.indexOf(BEGIN);
const to = document.indexOf(END);
if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no place for the table`);
const head = document.slice(0, from + BEGIN.length);
writeFileSync(DOCUMENT, `${head}\n\n${text}\n\n${document.slice(to)}`);
process.exit(0);
