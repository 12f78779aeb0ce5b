import { isIP } from 'node:net';

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * Whose an address is, as far as it says: one of IPv6 is one of 2^64 that its owner has, so these
 * count as one. One of IPv4 stands for itself, in its IPv6 form too.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [plain] = address.split('%', 1);
  const dotted = plain.slice(plain.lastIndexOf(':') + 1);
  if (isIP(dotted) === 4) return dotted;
  const [head, tail] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : GROUPS - head.length - tail.length;
  const groups = [...head, ...new Array<string>(zeros).fill('0'), ...(tail ?? [])];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::`;
}
