import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../command-line.ts';
import { short, table } from '../table.ts';
import type { MicroOptions } from './options.ts';
import type { MicroReport } from './report.ts';

/**
 * Measures the same cases with another Node, in a process of its own.
 * @throws UsageError when `program` is no Node that can run them
 */
export function measureWith(program: string, script: string, options: MicroOptions): MicroReport {
  const dir = mkdtempSync(join(tmpdir(), 'ringway-bench-'));
  try {
    const file = join(dir, 'report.json');
    const args = [script, '--only', options.only, '--json', file];
    if (options.quick) args.push('--quick');
    const { error, status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (error !== undefined) throw new UsageError(`--node ${program}: ${error.message}`);
    if (status !== 0) throw new UsageError(`--node ${program}: exit code ${status}`);
    return JSON.parse(readFileSync(file, 'utf8')) as MicroReport;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The same cases on several versions of Node, side by side. */
export function nodeTable(reports: readonly MicroReport[]): string {
  const head = ['case', 'codec'];
  for (const { machine } of reports) head.push(`${machine.node} ns`, 'against js');
  const rows = reports[0].measurements.map(({ name, codec }) => [
    name,
    codec,
    ...reports.flatMap(({ measurements }) => {
      const it = measurements.find((other) => other.name === name && other.codec === codec);
      if (it === undefined) return ['', ''];
      const { median, low, high } = it.ratio;
      const ends = `${low.toFixed(2)} – ${high.toFixed(2)}`;
      return [short(it.nsPerItem), codec === 'js' ? '1' : `${median.toFixed(2)} × (${ends})`];
    }),
  ]);
  return table(head, rows);
}
