import type { Line } from '../world/trace.ts';

const COLUMN = 34;
const TIME = 11;

/** A text in pieces that fit a column. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    for (let at = 0; at === 0 || at < word.length; at += width) {
      const piece = word.slice(at, at + width);
      if (line !== '' && line.length + 1 + piece.length > width) {
        lines.push(line);
        line = piece;
      } else line = line === '' ? piece : `${line} ${piece}`;
    }
  }
  return [...lines, line];
}

/** What happened, for people: time downwards, one column per party, the world first. */
export function timeline(lines: readonly Line[], longest = 400): string[] {
  const parties = [...new Set(lines.map(({ party }) => party))].sort((a, b) => {
    if (a === 'world' || b === 'world') return a === 'world' ? -1 : 1;
    return a < b ? -1 : 1;
  });
  const rule = `${'-'.repeat(TIME)}${`+${'-'.repeat(COLUMN + 1)}`.repeat(parties.length)}`;
  const rows = [
    `${'ms'.padStart(TIME - 1)} ${parties.map((name) => `| ${name.padEnd(COLUMN)}`).join('')}`,
    rule,
  ];
  const shown = lines.length > longest ? lines.slice(-longest) : lines;
  if (shown.length < lines.length) rows.push(`(${lines.length - shown.length} lines before)`);
  for (const { at, party, text } of shown) {
    const column = parties.indexOf(party);
    for (const [i, piece] of wrapped(text, COLUMN).entries()) {
      const time = i === 0 ? (at / 1000).toFixed(3) : '';
      const cells = parties.map((_, c) => `| ${(c === column ? piece : '').padEnd(COLUMN)}`);
      rows.push(`${time.padStart(TIME - 1)} ${cells.join('')}`.trimEnd());
    }
  }
  return rows;
}
