import { judge, type Rounds, SIDES, type Side, type Verdict } from './verdict.ts';

/** The folder of each build; the reference has one, measured twice. */
export type Builds = Readonly<Record<Side, string>>;

/** A figure that was measured on all sides, and what that means. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly rounds: Rounds;
  readonly verdict: Verdict;
}

/** Collects what the sides took, figure by figure. */
export class Samples {
  readonly #unit: string;
  readonly #values = new Map<string, Record<Side, number[]>>();

  constructor(unit: string) {
    this.#unit = unit;
  }

  add(name: string, side: Side, value: number): void {
    const values = this.#values.get(name) ?? { tree: [], ref: [], again: [] };
    values[side].push(value);
    this.#values.set(name, values);
  }

  /** Those that all sides have; a case that is new has nothing to be compared with. */
  figures(): Figure[] {
    const complete = [...this.#values].filter(([, { tree, ref, again }]) => {
      return tree.length === ref.length && tree.length === again.length;
    });
    return complete.map(([name, rounds]) => {
      return { name, unit: this.#unit, rounds, verdict: judge(rounds) };
    });
  }
}

/** The sides in turning order, so that none is always the first. */
export function turning(round: number): Side[] {
  return SIDES.map((_, i) => SIDES[(i + round) % SIDES.length]);
}
