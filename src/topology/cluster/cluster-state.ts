import type { Reply } from '../reply-reader.ts';
import { SLOTS } from './cluster-facts.ts';

const SERVED = /^cluster_slots_ok:(\d{1,5})\r?$/m;
const EPOCH = /^cluster_current_epoch:(\d{1,16})\r?$/m;

/** How much of a cluster is served, as one of its nodes sees it. */
export interface ClusterState {
  /** Slots whose owner it does not miss. */
  readonly served: number;
  /** The newest configuration that it has heard of, or of an election that is under way. */
  readonly epoch: number;
}

/** What CLUSTER INFO says; null when it says nothing of that. */
export function clusterState(info: Reply): ClusterState | null {
  if (typeof info !== 'string') return null;
  const [served, epoch] = [SERVED, EPOCH].map((pattern) => pattern.exec(info)?.[1]);
  if (served === undefined || epoch === undefined) return null;
  return { served: Number(served), epoch: Number(epoch) };
}

/**
 * Tells from what nodes say of its state whether slots of a cluster may have got other owners. An
 * election changes the epoch before it is won, and a node that is missed has no heir yet: neither
 * is worth asking who has which slots.
 */
export class Recoveries {
  /** By node: the fewest slots that it saw served. */
  readonly #fewest: Map<string, number> = new Map();
  #epoch = -1;

  /** It is known who has which slots now. */
  begin(): void {
    this.#fewest.clear();
    this.#epoch = -1;
  }

  /** @returns whether more is served than that node saw since begin(), or all of it otherwise */
  sees(node: string, { served, epoch }: ClusterState): boolean {
    const fewest = this.#fewest.get(node);
    if (fewest === undefined || served < fewest) this.#fewest.set(node, served);
    const isOther = this.#epoch >= 0 && epoch > this.#epoch && served === SLOTS;
    if (this.#epoch < 0) this.#epoch = epoch;
    return isOther || (fewest !== undefined && served > fewest);
  }
}
