import type { Address } from '../facts.ts';
import { type ClusterNode, type NodesView, SLOTS, type SlotRange } from './cluster-facts.ts';

/** A node as the processes that serve clients need it. */
export interface MappedNode extends Address {
  readonly id: string;
  readonly master: string | null;
  readonly epoch: number;
  readonly failed: boolean;
  /** What it owns; empty for a replica. */
  readonly slots: readonly SlotRange[];
}

/** Who has which slots, as plain data for other processes. */
export interface ClusterMap {
  readonly nodes: readonly MappedNode[];
}

/** What one node said, and when. */
export interface DatedView extends NodesView {
  readonly at: number;
}

/** Better than another claim to a slot: a newer configuration, the owner's own word, newer news. */
function isBetter(epoch: number, own: boolean, at: number, than: Claim): boolean {
  if (epoch !== than.epoch) return epoch > than.epoch;
  if (own !== than.own) return own;
  return at > than.at;
}

/** What one view says of the slots of one node. */
interface Claim {
  readonly owner: string;
  readonly epoch: number;
  readonly own: boolean;
  readonly at: number;
}

/**
 * One map of what several nodes say. Each slot goes to the claim of the highest configuration
 * epoch; a partitioned or late node cannot take a slot back. What a node says about its own slots
 * stands above what others said of it before.
 */
export function mergeViews(views: readonly DatedView[]): ClusterMap {
  const own = new Map(views.map((view) => [view.me, view]));
  const nodes = new Map<string, ClusterNode & { at: number }>();
  const claims = new Claims();
  for (const view of views) {
    for (const node of view.nodes) {
      const isOwn = node.id === view.me;
      const known = nodes.get(node.id);
      if (known === undefined || isNewer(node, view.at, isOwn, known)) {
        nodes.set(node.id, { ...node, at: view.at });
      }
      if (node.master !== null) continue;
      const itself = own.get(node.id);
      // What it says itself since then is said by itself.
      if (!isOwn && itself !== undefined && itself.at >= view.at) continue;
      const { id: owner, epoch, slots } = node;
      claims.add({ owner, epoch, own: isOwn, at: view.at }, slots);
    }
  }
  const ranges = claims.ranges();
  return { nodes: [...nodes.values()].map((node) => mapped(node, ranges)).sort(byId) };
}

/** Roles and addresses: of the newest configuration, then of the newest view. */
function isNewer(
  node: ClusterNode,
  at: number,
  isOwn: boolean,
  known: ClusterNode & { at: number },
): boolean {
  if (node.epoch !== known.epoch) return node.epoch > known.epoch;
  return at > known.at || (at === known.at && isOwn);
}

function mapped(
  { at: _, ...node }: ClusterNode & { at: number },
  ranges: ReadonlyMap<string, readonly SlotRange[]>,
): MappedNode {
  return { ...node, slots: ranges.get(node.id) ?? [] };
}

/** The best claim to each slot. Without an object per slot: nodes are asked every few seconds. */
class Claims {
  /** A claim by its number is here; no claim has number 0. */
  readonly #claims: (Claim | null)[] = [null];
  readonly #best = new Uint32Array(SLOTS);

  add(claim: Claim, slots: readonly SlotRange[]): void {
    const number = this.#claims.push(claim) - 1;
    const best = this.#best;
    // Slots in a row mostly have the same claim.
    let last = 0;
    let wins = true;
    for (const [from, to] of slots) {
      for (let slot = from; slot <= to; slot++) {
        if (best[slot] !== last) {
          last = best[slot];
          const than = this.#claims[last];
          wins = than === null || isBetter(claim.epoch, claim.own, claim.at, than);
        }
        if (wins) best[slot] = number;
      }
    }
  }

  /** The slots of each owner. */
  ranges(): Map<string, SlotRange[]> {
    const ranges = new Map<string, SlotRange[]>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const first = slot;
      const owner = this.#ownerOf(slot);
      if (owner === undefined) continue;
      while (slot + 1 < SLOTS && this.#isSameOwner(slot, owner)) slot++;
      const range: SlotRange = [first, slot];
      const own = ranges.get(owner);
      if (own === undefined) ranges.set(owner, [range]);
      else own.push(range);
    }
    return ranges;
  }

  #ownerOf(slot: number): string | undefined {
    return this.#claims[this.#best[slot]]?.owner;
  }

  /** Whether the slot behind one of `owner` is that one's too. */
  #isSameOwner(slot: number, owner: string): boolean {
    const best = this.#best;
    return best[slot + 1] === best[slot] || this.#ownerOf(slot + 1) === owner;
  }
}

function byId(a: MappedNode, b: MappedNode): number {
  return a.id < b.id ? -1 : 1;
}

/** Whether two maps say the same. */
export function sameMap(a: ClusterMap, b: ClusterMap): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
