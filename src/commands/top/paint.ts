import { pad } from '../text-table.ts';

/** How a part of the screen looks; `bad` and `selected` differ without colours as well. */
export type Paint = 'none' | 'title' | 'strong' | 'dim' | 'bad' | 'selected';
/** Everything, no colours, or no escape sequence at all. */
export type Colors = 'all' | 'none' | 'plain';

const PAINTS: Readonly<Record<Colors, Partial<Record<Paint, string>>>> = {
  all: {
    title: '\x1b[7m',
    strong: '\x1b[1m',
    dim: '\x1b[2m',
    bad: '\x1b[31m',
    selected: '\x1b[1;36m',
  },
  none: {
    title: '\x1b[7m',
    strong: '\x1b[1m',
    dim: '\x1b[2m',
    bad: '\x1b[1m',
    selected: '\x1b[7m',
  },
  plain: {},
};

/** @param text that fits already: what is painted cannot be cut any more */
export function paint(text: string, how: Paint, colors: Colors): string {
  const code = PAINTS[colors][how];
  return code === undefined ? text : `${code}${text}\x1b[0m`;
}

/** At most the first `columns` characters. */
export function cut(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : characters.slice(0, columns).join('');
}

const BARS = ' ▁▂▃▄▅▆▇█';

/** The latest values as a row of bars. */
export function spark(values: readonly number[], width: number): string {
  const shown = width === 0 ? [] : values.slice(-width);
  const most = Math.max(1, ...shown);
  return shown.map((value) => BARS[Math.ceil((value / most) * (BARS.length - 1))]).join('');
}

/** A line of a table. */
export interface Row {
  readonly cells: readonly string[];
  readonly mark: Paint;
}

const NAME_MAX = 28;

/** A table as painted lines, its heads first. */
export function tableLines(
  heads: readonly string[],
  rows: readonly Row[],
  colors: Colors,
  columns: number,
): string[] {
  const widths = heads.map((text, column) =>
    Math.max(text.length, ...rows.map(({ cells }) => [...cells[column]].length)),
  );
  widths[0] = Math.min(widths[0], NAME_MAX);
  const join = (cells: readonly string[]): string =>
    cut(cells.map((text, column) => pad(text, widths[column], column > 0)).join('  '), columns);
  return [
    paint(join(heads), 'dim', colors),
    ...rows.map(({ cells, mark }) => paint(join(cells), mark, colors)),
  ];
}

/** A part of a list that fits. */
export interface Part<T> {
  readonly items: readonly T[];
  readonly above: number;
  readonly below: number;
}

/**
 * As many items as fit, with the chosen one in the middle where that is possible.
 * @param room lines; where items are left out, one of them says so
 * @param more how many there are in all, and before the first of `items`
 */
export function partOf<T>(
  items: readonly T[],
  chosen: number,
  room: number,
  more: { readonly all: number; readonly before: number } = { all: items.length, before: 0 },
): Part<T> {
  const { all, before } = more;
  if (items.length === all && all <= room) return { items, above: 0, below: 0 };
  const shown = Math.max(1, room - 1);
  const last = Math.max(0, items.length - shown);
  const from = Math.max(0, Math.min(last, chosen - Math.floor(shown / 2)));
  const found = items.slice(from, from + shown);
  return { items: found, above: before + from, below: all - before - from - found.length };
}

/** What says that items are left out; none when all are there. */
export function restLine(
  { above, below }: Part<unknown>,
  what: string,
  colors: Colors,
  columns: number,
): string[] {
  if (above + below === 0) return [];
  const words = [above > 0 ? `${above} above` : '', below > 0 ? `${below} below` : ''];
  const text = `… ${what}: ${words.filter(Boolean).join(', ')}`;
  return [paint(cut(text, columns), 'dim', colors)];
}
