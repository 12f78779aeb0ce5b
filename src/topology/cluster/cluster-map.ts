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

interface Claim {
  owner: string;
  epoch: number;
  own: boolean;
  at: number;
}

/**
 * One map of what several nodes say. Each slot goes to the claim of the highest configuration
 * epoch; a partitioned or late node cannot take a slot back. What a node says about its own slots
 * stands above what others said of it before.
 */
export function mergeViews(views: readonly DatedView[]): ClusterMap {
  const own = new Map(views.map((view) => [view.me, view]));
  const nodes = new Map<string, ClusterNode & { at: number }>();
  const claims: (Claim | undefined)[] = new Array(SLOTS);
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
      for (const [first, last] of node.slots) {
        for (let slot = first; slot <= last; slot++) {
          const claim = claims[slot];
          if (claim === undefined) {
            claims[slot] = { owner: node.id, epoch: node.epoch, own: isOwn, at: view.at };
          } else if (isBetter(node.epoch, isOwn, view.at, claim)) {
            claim.owner = node.id;
            claim.epoch = node.epoch;
            claim.own = isOwn;
            claim.at = view.at;
          }
        }
      }
    }
  }
  return { nodes: [...nodes.values()].map((node) => mapped(node, claims)).sort(byId) };
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
  claims: readonly (Claim | undefined)[],
): MappedNode {
  const slots: SlotRange[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    if (claims[slot]?.owner !== node.id) continue;
    const first = slot;
    while (slot + 1 < SLOTS && claims[slot + 1]?.owner === node.id) slot++;
    slots.push([first, slot]);
  }
  return { ...node, slots };
}

function byId(a: MappedNode, b: MappedNode): number {
  return a.id < b.id ? -1 : 1;
}

/** Whether two maps say the same. */
export function sameMap(a: ClusterMap, b: ClusterMap): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
