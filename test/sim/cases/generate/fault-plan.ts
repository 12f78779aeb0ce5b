import type { Random } from '../../../fuzz/random.ts';
import {
  type Case,
  CLUSTER_FAULTS,
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  SENTINEL_FAULTS,
} from '../case.ts';

const LENGTHS = [3, 30, 200, 700, 1_500, 3_000];
const BRIEF = [3, 30];

/** Which faults a case has: all kinds, or one or two of them again and again. */
export function faultKinds(random: Random): readonly FaultKind[] | undefined {
  const few = [random.pick(FAULT_KINDS), random.pick(FAULT_KINDS)];
  // What is worked out by one ring is carried out by another.
  if (random.once(2)) few.push('reload');
  return random.once(2) ? few : undefined;
}

/** When faults come. Of which kind and to whom is chosen then. */
export function faultPlan(random: Random, spanMs: number): Fault[] {
  if (random.once(8)) return [];
  if (random.once(8)) return reloads(random, spanMs);
  const count = random.pick([1, 2, 4, 8, 16, 30]);
  const lengths = random.once(3) ? BRIEF : LENGTHS;
  return Array.from({ length: count }, () => ({
    atMs: 50 + random.below(spanMs),
    forMs: random.pick(lengths),
  })).sort((a, b) => a.atMs - b.atMs);
}

const AVAILABLE_LENGTHS = [30, 700, 3_000, 8_000, 15_000];

/** With sentinels: failovers are what most cases are about. */
export function availableKinds(random: Random): readonly FaultKind[] | undefined {
  const few = [random.pick(SENTINEL_FAULTS), random.pick(FAULT_KINDS)];
  const kinds = random.pick([
    ...[undefined, few, ['failover'] as const, ['orphan'] as const],
    ['crash', 'freeze', 'hosts'] as const,
  ]);
  return kinds?.filter((kind) => kind !== 'rename');
}

const COUNTS = [1, 1, 2, 3, 5, 8];

export function availablePlan(random: Random, spanMs: number, counts = COUNTS): Fault[] {
  if (random.once(10)) return [];
  const count = random.pick(counts);
  return Array.from({ length: count }, () => ({
    atMs: 2_000 + random.below(spanMs - 2_000),
    forMs: random.pick(AVAILABLE_LENGTHS),
  })).sort((a, b) => a.atMs - b.atMs);
}

/** What clients do not notice. */
const QUIET: readonly FaultKind[] = ['reshard', 'promote', 'grow', 'shrink'];
const QUIET_COUNTS = [2, 4, 8, 16];

/** What is done to a cluster, and how often. */
export function clusterPlan(random: Random, spanMs: number): Pick<Case, 'kinds' | 'faults'> {
  const kinds = clusterKinds(random);
  const isQuiet = kinds?.every((kind) => QUIET.includes(kind)) === true;
  const faults = availablePlan(random, spanMs, isQuiet ? QUIET_COUNTS : COUNTS);
  return { kinds, faults };
}

/** In a cluster: all kinds, slots that move, failovers, or what kills and parts nodes. */
function clusterKinds(random: Random): readonly FaultKind[] | undefined {
  const few = [random.pick(CLUSTER_FAULTS), random.pick(FAULT_KINDS)];
  const kinds = random.pick([
    ...[undefined, few, QUIET, ['reshard'] as const],
    ['promote', 'reshard'] as const,
    ['grow', 'shrink', 'reshard'] as const,
    ['crash', 'freeze', 'hosts', 'reshard'] as const,
    ['crash', 'partition', 'one-way'] as const,
    ['isolate'] as const,
    ['isolate', 'reshard', 'orphan'] as const,
  ]);
  return kinds?.filter((kind) => kind !== 'rename');
}

/** One reload after the other, each to the other configuration. */
function reloads(random: Random, spanMs: number): Fault[] {
  const count = 4 + random.below(20);
  return Array.from({ length: count }, (_, i) => ({
    atMs: 50 + Math.floor(((i + 1) * spanMs) / count),
    forMs: 1,
    kind: 'reload' as const,
    server: 0,
    client: 0,
    proxy: 0,
    config: (i + 1) % 2,
  }));
}
