/** What keeps answers from being prompt: begun, ended, and of which party. */
export class Disturbances {
  readonly #now: () => number;
  readonly #open: Map<string, number> = new Map();
  readonly #ended: Map<string, number> = new Map();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param of the party that it is about; '' = everybody */
  begin(of: string): void {
    this.#open.set(of, (this.#open.get(of) ?? 0) + 1);
  }

  end(of: string): void {
    this.#open.set(of, (this.#open.get(of) ?? 0) - 1);
    this.#ended.set(of, this.#now());
  }

  /** Since when nothing disturbs the party nor everybody; Infinity while something does. */
  since(of: string): number {
    const each = (name: string): number =>
      (this.#open.get(name) ?? 0) > 0 ? Number.POSITIVE_INFINITY : (this.#ended.get(name) ?? 0);
    return Math.max(each(of), each(''));
  }
}
