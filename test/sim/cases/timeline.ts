import type { Line } from '../world/trace.ts';

const TIME = 10;
/** Of the text beside the columns, and how many lines of it are shown of one event. */
const TEXT = 100;
const MOST_ROWS = 4;
/** Lines behind the first complaint. */
const BEHIND = 8;
/** A pause that is longer is said, in microseconds. */
const PAUSE = 100_000;

/** A text in lines of so many characters. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replace(/\s+/g, ' ').split(' ')) {
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

/** `c2` for client2: what stands above a column. */
function shortName(party: string): string {
  const [, name, number] = /^(.*?)(r?\d+(?:r\d+)?)?$/.exec(party) ?? [];
  return `${(name ?? party).slice(0, 2)}${number ?? ''}`;
}

/** The world first, then whoever asks, who stands between, and who answers. */
function rankOf(party: string): string {
  const order = ['world', 'client', 'listener', 'proxy', 'redis', 'node', 'sentinel', 'operator'];
  const at = order.findIndex((name) => party.startsWith(name));
  return `${at < 0 ? order.length : at} ${party.replace(/\d+/g, (digits) => digits.padStart(4))}`;
}

function isComplaint({ text }: Line): boolean {
  return text.startsWith('COMPLAINT');
}

function markOf(line: Line): string {
  const { party } = line;
  if (isComplaint(line)) return 'X';
  return party === 'world' ? '!' : 'o';
}

/** Where the shown lines begin and end: what came before the first complaint, and a little more. */
function shownPart(lines: readonly Line[], longest: number): [from: number, to: number] {
  if (lines.length <= longest) return [0, lines.length];
  const first = lines.findIndex(isComplaint);
  const to = first < 0 ? lines.length : Math.min(lines.length, first + 1 + BEHIND);
  return [Math.max(0, to - longest), to];
}

/** A column for each party, with a mark where it does something, and beside them what that is. */
export function timeline(lines: readonly Line[], longest = 400): string[] {
  const [from, to] = shownPart(lines, longest);
  const shown = lines.slice(from, to);
  const all = [...new Set(shown.map(({ party }) => party))];
  const parties = all.sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
  const width = Math.max(...parties.map((party) => shortName(party).length), 0) + 1;
  const column = (text: string): string => text.padEnd(width);
  const rows = [
    `${'ms'.padStart(TIME)}  ${parties.map((name) => column(shortName(name))).join('')}`,
  ];
  if (from > 0) rows.push(`(${from} lines before)`);
  let last = shown[0]?.at ?? 0;
  for (const line of shown) {
    const { at, party, text } = line;
    const lanes = (mark: string): string => {
      return parties.map((each) => column(each === party ? mark : '.')).join('');
    };
    if (at - last > PAUSE)
      rows.push(`${' '.repeat(TIME)}  ${Math.round((at - last) / 1000)} ms later`);
    last = at;
    const pieces = wrapped(text, TEXT);
    const told = pieces.length <= MOST_ROWS ? pieces : [...pieces.slice(0, MOST_ROWS - 1), '…'];
    const [first, ...rest] = told;
    rows.push(
      `${(at / 1000).toFixed(3).padStart(TIME)}  ${lanes(markOf(line))} ${party}: ${first}`,
    );
    for (const piece of rest) rows.push(`${' '.repeat(TIME)}  ${lanes('.')}   ${piece}`);
  }
  if (to < lines.length) {
    const after = lines.slice(to);
    const more = after.filter(isComplaint).length;
    rows.push(`(${after.length} lines after${more > 0 ? `, ${more} of them complaints` : ''})`);
  }
  return rows;
}
