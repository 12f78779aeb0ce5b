/** Columns of text: the first to the left, the others to the right, a blank line nowhere. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  indent = '',
): string {
  const all = [head.map((text) => text.trim()), ...rows];
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => [...(row[column] ?? '')].length)),
  );
  return all.map((row) => `${indent}${line(row, widths)}\n`).join('');
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((text, column) => pad(text, widths[column], column > 0))
    .join('  ')
    .trimEnd();
}

/** Text in a field of `width` columns, cut when it is longer. */
export function pad(text: string, width: number, right: boolean): string {
  const characters = [...text];
  if (characters.length > width) return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
  const space = ' '.repeat(width - characters.length);
  return right ? space + text : text + space;
}

/** A part from 0 to 1 in per cent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
