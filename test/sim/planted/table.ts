import { PLANTED_BUGS } from './bugs.ts';

const BEGIN = /<!-- planted bugs: [^>]*-->\n/;
const END = '<!-- end -->';

/** `page` with the table of planted bugs as it should be. */
export function withTable(page: string): string {
  const begin = BEGIN.exec(page);
  if (begin === null) throw new Error('the page has no place for planted bugs');
  const from = begin.index + begin[0].length;
  const rows = PLANTED_BUGS.map(({ name, seeds, among }) => {
    const found = seeds === null ? 'not found' : String(seeds);
    return `| ${name} | ${among === undefined ? found : `${found}, of those with ${among}`} |`;
  });
  const table = ['| planted bug | found within cases |', '| --- | --- |', ...rows, ''].join('\n');
  return page.slice(0, from) + table + page.slice(page.indexOf(END, from));
}
