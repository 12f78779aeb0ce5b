import { SENTINEL_NAMES } from '../../../limits.ts';
import { networkOf } from '../../../net/addresses/network.ts';

/** Of each name so many are known who ask for it: those that ask for fewest. */
const ASKERS = 4;

/**
 * Names by which clients have asked for their master. When there are too many, the one goes whose
 * askers all ask for many, and of these the one that was asked for longest ago: neither one nor
 * several that ask for everything push out what somebody else asks for.
 */
export class AskedNames {
  /** From which networks each was asked for; the latest name last. */
  readonly #askers: Map<string, Set<string>> = new Map();
  /** How many names each of these asks for. */
  readonly #counts: Map<string, number> = new Map();

  get all(): Iterable<string> {
    return this.#askers.keys();
  }

  note(name: string, host: string): void {
    const askers = this.#askers.get(name) ?? new Set();
    this.#askers.delete(name);
    this.#askers.set(name, askers);
    this.#join(askers, networkOf(host));
    if (this.#askers.size > SENTINEL_NAMES) this.#forget(this.#superfluous);
  }

  #join(askers: Set<string>, network: string): void {
    if (askers.has(network)) return;
    if (askers.size === ASKERS) {
      const [greediest] = [...askers].sort((a, b) => this.#countOf(b) - this.#countOf(a));
      if (this.#countOf(greediest) <= this.#countOf(network) + 1) return;
      askers.delete(greediest);
      this.#count(greediest, -1);
    }
    askers.add(network);
    this.#count(network, 1);
  }

  #forget(name: string): void {
    for (const network of this.#askers.get(name) ?? []) this.#count(network, -1);
    this.#askers.delete(name);
  }

  #countOf(network: string): number {
    return this.#counts.get(network) ?? 0;
  }

  #count(network: string, change: 1 | -1): void {
    const count = this.#countOf(network) + change;
    if (count === 0) this.#counts.delete(network);
    else this.#counts.set(network, count);
  }

  /** Never the latest. */
  get #superfluous(): string {
    let found = '';
    let most = 0;
    for (const [name, askers] of [...this.#askers].slice(0, -1)) {
      const least = Math.min(...[...askers].map((network) => this.#countOf(network)));
      if (least > most) [found, most] = [name, least];
    }
    return found;
  }
}
