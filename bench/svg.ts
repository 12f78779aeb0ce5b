// The few elements that the charts are drawn with. The same input gives the same text, so a chart
// that is kept in a repository changes only where its figures do.

export type Attributes = Readonly<Record<string, string | number>>;

export const FONT_SIZE = 12;
/** A generous mean of sans-serif letters: labels are laid out without measuring them. */
const LETTER_WIDTH = 6.8;
const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
export const INK = '#1f2328';
export const FAINT = '#d0d7de';
export const PAPER = '#ffffff';

/** Told apart also by those who do not see red and green, or who print in grey. */
const PALETTE = ['#0b5fa5', '#e08a00', '#17836b', '#b5508f', '#5f6b76', '#8c3b1a'];

export function colour(series: number): string {
  return PALETTE[series % PALETTE.length];
}

export function textWidth(text: string): number {
  return text.length * LETTER_WIDTH;
}

export function escapeText(text: string): string {
  const names: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return text.replace(/[&<>"]/g, (character) => `&${names[character]};`);
}

/** An element whose content is markup already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escapeText(value)}"`,
  );
  const head = `<${name}${words.join('')}`;
  return content === '' ? `${head}/>` : `${head}>${content}</${name}>`;
}

/** A label; `anchor` says which of its ends is at `x`. */
export function label(
  x: number,
  y: number,
  text: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
  more: Attributes = {},
): string {
  const placed = anchor === 'start' ? { x, y } : { x, y, 'text-anchor': anchor };
  return element('text', { ...placed, ...more }, escapeText(text));
}

export function line(x1: number, y1: number, x2: number, y2: number, more: Attributes): string {
  return element('line', { x1, y1, x2, y2, ...more });
}

/**
 * A whole picture. White paper is part of it, as an image in a page does not know whether the page
 * is dark; title and description are for those who have it read to them.
 */
export function picture(
  width: number,
  height: number,
  title: string,
  description: string,
  parts: readonly string[],
): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${rounded(width)} ${rounded(height)}`,
    width,
    height,
    role: 'img',
    'aria-label': title,
    'font-family': FONT,
    'font-size': FONT_SIZE,
    fill: INK,
  };
  const content = [
    element('title', {}, escapeText(title)),
    element('desc', {}, escapeText(description)),
    element('rect', { width, height, rx: 6, fill: PAPER }),
    ...parts,
  ];
  return `${element('svg', attributes, `\n${content.join('\n')}\n`)}\n`;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
