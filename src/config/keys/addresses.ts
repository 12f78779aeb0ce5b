import { isIP } from 'node:net';
import { LISTED_ADDRESSES } from '../../limits.ts';
import { type Parsed, quote } from './values.ts';

const FORMS = 'expected addresses like 10.0.0.7, 192.168.0.0/16 or fd00::/8, separated by commas';

/** `a.b.c.d`, `a.b.c.d/16` and the same of IPv6, separated by commas; a bare address as `/32`. */
export function parseAddresses(text: string): Parsed<readonly string[]> {
  const items = text.split(',').map((item) => item.trim());
  if (items.length > LISTED_ADDRESSES) {
    return { problem: `there are ${items.length} addresses; expected at most ${LISTED_ADDRESSES}` };
  }
  const found: string[] = [];
  for (const item of items) {
    const [address = '', prefix, ...rest] = item.split('/');
    const family = address.includes('%') ? 0 : isIP(address);
    const most = family === 6 ? 128 : 32;
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === 0 || rest.length > 0 || bits < 0 || bits > most) {
      return { problem: `${quote(item)} is no address; ${FORMS}` };
    }
    found.push(`${address}/${bits}`);
  }
  return { value: Object.freeze(found) };
}
