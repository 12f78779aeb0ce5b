import { BlockList, isIP } from 'node:net';

/** Addresses and networks. */
export class AddressList {
  readonly #list: BlockList = new BlockList();

  /** @param entries `address/bits`, of IPv4 and IPv6 */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const slash = entry.lastIndexOf('/');
      const address = entry.slice(0, slash);
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      this.#list.addSubnet(address, Number(entry.slice(slash + 1)), family);
    }
  }

  /** Whether an address is on the list; one of IPv4 also in its IPv6 form. */
  has(address: string): boolean {
    const family = isIP(address);
    if (family === 0) return false;
    return this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

const THIS_MACHINE = new AddressList(['127.0.0.0/8', '::1/128']);

/** Whether an address is one of this machine that no other can use. */
export function isLoopback(address: string): boolean {
  return THIS_MACHINE.has(address);
}
