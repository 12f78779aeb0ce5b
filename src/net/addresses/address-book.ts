/** Where names lead, found out beforehand: who connects looks nothing up. */
class AddressBook {
  readonly #addresses: Map<string, string> = new Map();
  /** Counts what has been said of names. */
  changes = 0;

  /** @returns the address of a host; the host itself where none is known */
  addressOf(host: string): string {
    return this.#addresses.get(host) ?? host;
  }

  /** @param address null = it is looked up by who connects, again */
  set(host: string, address: string | null): void {
    this.changes++;
    if (address === null) this.#addresses.delete(host);
    else this.#addresses.set(host, address);
  }
}

/** A name means the same to all in a process. */
export const ADDRESSES = new AddressBook();
