import { labelOf } from '../../clients/values.ts';
import { addressText } from '../../servers/ask-link.ts';
import type { SimNode } from '../../servers/cluster/sim-node.ts';

const ASK = /^-ASK \d+ (\S+)\r\n/;
const MOVED = /^-MOVED (\d+) /;

/**
 * Whoever is sent on by ASK says ASKING there: writes do, that is, as reads bear no mark of who
 * asks.
 */
export class Askings {
  readonly complaints: string[] = [];
  /** By write: the node that it was sent on to. */
  readonly #sentOn: Map<number, string> = new Map();

  watch(node: SimNode): void {
    node.onPlaced = (words, asking, redirection) => {
      const label = words.map(labelOf).find((each) => each !== null);
      if (label !== undefined && label !== null) this.#note(node, label.id, asking, redirection);
    };
  }

  #note(node: SimNode, id: number, asking: boolean, redirection: Buffer | null): void {
    const text = redirection?.toString('latin1') ?? '';
    const there = this.#sentOn.get(id);
    this.#sentOn.delete(id);
    const to = ASK.exec(text)?.[1];
    if (to !== undefined) this.#sentOn.set(id, to);
    const slot = Number(MOVED.exec(text)?.[1] ?? Number.NaN);
    const { importing, me } = node.membership;
    if (asking || there !== addressText(me.address) || !importing.has(slot)) return;
    this.complaints.push(`${node.name} is sent write ${id} by ASK, and is not told so`);
  }
}
