import type { Row } from './scenario.ts';

const HEAD: readonly string[] = [
  'fault',
  'proxy',
  'sent',
  'right',
  'errors',
  'wrong',
  'lost',
  'longest stall',
  'recovery',
  "others' p99",
  'RSS before/peak/after',
];

function ms(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function mb(bytes: number): string {
  return Number.isFinite(bytes) ? String(Math.round(bytes / (1 << 20))) : '-';
}

function cells(row: Row): string[] {
  return [
    row.fault,
    row.proxy,
    String(row.sent),
    String(row.right),
    String(row.errors),
    String(row.wrong + row.doubled + row.audit.length),
    String(row.lost),
    ms(row.longestStallMs),
    ms(row.recoveryMs),
    `${ms(row.p99Before)} → ${ms(row.p99During)}`,
    `${mb(row.rssBefore)}/${mb(row.rssPeak)}/${mb(row.rssAfter)} MB`,
  ];
}

/** The rows as a Markdown table, aligned for terminals too. */
export function table(rows: readonly Row[]): string {
  const all = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row: readonly string[]): string => {
    return `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  };
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(all[0]), rule, ...all.slice(1).map(line)].join('\n');
}
