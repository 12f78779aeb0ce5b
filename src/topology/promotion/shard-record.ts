import { RECORD_AHEAD, TERM_AHEAD, WITNESS_FACTS_MS } from '../../limits.ts';
import { addressText } from '../facts.ts';
import { newestOf, type PromotionRecord, type WitnessFacts } from './record.ts';
import type { WitnessSet } from './witness-set.ts';

interface Said {
  readonly facts: WitnessFacts;
  readonly at: number;
}

/** What the witnesses of one shard said a moment ago, and what most of them agree on. */
export class ShardRecord {
  readonly #witnesses: Pick<WitnessSet, 'isMajority'>;
  readonly #members: ReadonlySet<string>;
  readonly #said: Map<number, Said> = new Map();

  /** @param members the servers of the shard: of no other any witness is believed */
  constructor(witnesses: Pick<WitnessSet, 'isMajority'>, members: ReadonlySet<string>) {
    this.#witnesses = witnesses;
    this.#members = members;
  }

  take(witness: number, facts: WitnessFacts, now: number): void {
    this.#said.set(witness, { facts, at: now });
    for (const [each, { at }] of this.#said) {
      if (now - at > WITNESS_FACTS_MS) this.#said.delete(each);
    }
  }

  /** What they have said may be old: they have to say it again. */
  forget(): void {
    this.#said.clear();
  }

  /**
   * A record of a server of the shard, and of an epoch that somebody can have reached; null
   * otherwise. One witness that lies does not use up all numbers.
   * @param epoch that is known
   */
  credible(record: PromotionRecord | null, epoch: number, now: number): PromotionRecord | null {
    if (record === null || !this.#isMember(record)) return null;
    const agreed = this.agreed(now, false)?.epoch ?? 0;
    return record.epoch > Math.max(epoch, agreed) + RECORD_AHEAD ? null : record;
  }

  #isMember({ address }: PromotionRecord): boolean {
    return this.#members.has(addressText(address));
  }

  #facts(now: number): WitnessFacts[] {
    return [...this.#said.values()]
      .filter(({ at }) => now - at <= WITNESS_FACTS_MS)
      .map(({ facts }) => facts);
  }

  #most(now: number, is: (facts: WitnessFacts) => boolean): boolean {
    return this.#witnesses.isMajority(this.#facts(now).filter(is).length);
  }

  /** Most witnesses have been heard. */
  isHeard(now: number): boolean {
    return this.#most(now, () => true);
  }

  isDown(now: number): boolean {
    return this.#most(now, ({ down, live }) => down * 2 > live);
  }

  isFrozen(now: number): boolean {
    return this.#most(now, ({ frozen }) => frozen > 0);
  }

  /** What most have written down: that it is done, or that it is decided at least. */
  agreed(now: number, done: boolean): PromotionRecord | null {
    const facts = this.#facts(now);
    const fit = facts.flatMap(({ record }) =>
      record !== null && this.#isMember(record) && (!done || record.done) ? [record] : [],
    );
    const found = fit.filter((record) => {
      const same = fit.filter(({ epoch, address }) => {
        return epoch === record.epoch && addressText(address) === addressText(record.address);
      });
      return this.#witnesses.isMajority(same.length);
    });
    return newestOf(found);
  }

  /** The newest that anybody has. @param epoch that is known */
  newest(now: number, epoch: number): PromotionRecord | null {
    return newestOf(this.#facts(now).map(({ record }) => this.credible(record, epoch, now)));
  }

  /** For people: by the word of whichever witness says most. */
  figures(now: number): { term: number; proxies: number; proxiesDown: number } {
    const facts = this.#facts(now);
    return {
      term: Math.max(0, ...facts.map(({ term }) => term)),
      proxies: Math.max(0, ...facts.map(({ live }) => live)),
      proxiesDown: Math.max(0, ...facts.map(({ down }) => down)),
    };
  }

  /** Above all that were granted. */
  nextTerm(now: number): number {
    const terms = this.#facts(now).map(({ term }) => term);
    terms.sort((a, b) => a - b);
    const usual = terms[terms.length >> 1] ?? 0;
    return Math.min(terms.at(-1) ?? 0, usual + TERM_AHEAD) + 1;
  }
}
