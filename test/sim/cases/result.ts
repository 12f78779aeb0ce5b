import type { Line } from '../world/trace.ts';
import type { Chosen } from './victims.ts';

/** What became of a case. */
export interface Result {
  readonly complaints: readonly string[];
  /** The same for each run of the same case. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly answered: number;
  readonly failed: number;
  readonly lost: number;
  /** Reads that replicas have answered. */
  readonly replicaReads: number;
  /** Messages that subscribers have heard. */
  readonly heard: number;
  /** Faults as they were carried out. */
  readonly faults: readonly Chosen[];
  /** What happened, when that was wanted. */
  readonly lines: readonly Line[];
}
