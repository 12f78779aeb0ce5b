import { PROMOTION_REPORT_MS, WITNESS_ANSWER_MS } from '../../limits.ts';
import type { Clock } from '../clock.ts';
import type { Address } from '../facts.ts';
import { type WitnessFacts, witnessFacts } from './record.ts';
import { WITNESS_SCRIPT } from './script.ts';
import { type WitnessAccess, WitnessLink } from './witness-link.ts';

/** What witnesses are asked for one shard. */
export type Words = readonly string[];

/** The witnesses of some pools. What most of them say counts, and nothing that fewer say. */
export class WitnessSet {
  readonly #links: readonly WitnessLink[];
  readonly #clock: Clock;
  #cancel: () => void = () => {};
  /** Shards that ask. */
  users = 0;

  constructor(
    witnesses: readonly Address[],
    access: WitnessAccess,
    clock: Clock,
    say: (text: string) => void,
  ) {
    this.#clock = clock;
    this.#links = witnesses.map((address) => new WitnessLink(address, access, clock, say));
    this.#tick();
  }

  #tick(): void {
    this.#cancel = this.#clock.after(PROMOTION_REPORT_MS, () => this.#tick());
    for (const link of this.#links) link.onTick();
  }

  get count(): number {
    return this.#links.length;
  }

  /** Those whose word counts. */
  get up(): number {
    return this.#links.filter(({ fit }) => fit).length;
  }

  isMajority(count: number): boolean {
    return count * 2 > this.#links.length;
  }

  /** Tells all of them something about a shard. @param onFacts told what each says */
  tell(key: string, words: Words, onFacts: (witness: number, facts: WitnessFacts) => void): void {
    for (const [witness, link] of this.#links.entries()) {
      if (!link.fit) continue;
      link.ask(evalOf(key, words), (reply) => {
        const facts = witnessFacts(reply);
        if (facts !== null) onFacts(witness, facts);
      });
    }
  }

  /** Asks those that may vote. @returns what they have granted, as soon as these are most of all */
  vote(key: string, words: Words): Promise<readonly WitnessFacts[]> {
    return new Promise((resolve) => {
      const granted: WitnessFacts[] = [];
      let open = 0;
      const done = (): void => {
        cancel();
        resolve(granted);
      };
      const cancel = this.#clock.after(WITNESS_ANSWER_MS, done);
      for (const link of this.#links) {
        const asked =
          link.mayVote &&
          link.ask(evalOf(key, words), (reply) => {
            const facts = witnessFacts(reply);
            if (facts?.granted) granted.push(facts);
            if (--open === 0 || this.isMajority(granted.length)) done();
          });
        if (asked) open++;
      }
      if (open === 0) done();
    });
  }

  close(): void {
    this.#cancel();
    for (const link of this.#links) link.close();
  }
}

function evalOf(key: string, words: Words): string[] {
  return ['EVAL', WITNESS_SCRIPT, '1', key, ...words];
}
