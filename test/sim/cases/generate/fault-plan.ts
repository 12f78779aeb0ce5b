import type { Random } from '../../../fuzz/random.ts';
import {
  CLUSTER_FAULTS,
  type ClientState,
  type ConnectionState,
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  type Moment,
  type Op,
  SENTINEL_FAULTS,
} from '../case.ts';

/** At any time most clients wait or do nothing: faults that choose their moment meet the rest. */
const CLIENTS: readonly (ClientState | undefined)[] = [
  undefined,
  undefined,
  'waiting',
  'waiting',
  'sending',
  'receiving',
  'deaf',
  'listening',
];
const CONNECTIONS: readonly (ConnectionState | undefined)[] = [
  undefined,
  'connecting',
  'leased',
  'in flight',
  'in flight',
  'full',
  'mid-reply',
];

/** What a client waits for that is hit. */
const ASKED: readonly Op['op'][] = [
  ...(['get', 'mget', 'set', 'watch', 'exec', 'pair', 'both', 'await'] as const),
];

/** @returns for which moment each of some faults waits, if for any */
function moments(random: Random): () => { readonly when?: Moment } {
  const often = random.pick([0, 1, 2]);
  return () => {
    const [client, connection] = [random.pick(CLIENTS), random.pick(CONNECTIONS)];
    if (often === 0 || !random.once(often)) return {};
    if (random.once(4)) return { when: { asked: random.pick(ASKED) } };
    const of = client === undefined ? {} : { client };
    return { when: connection === undefined ? of : { ...of, connection } };
  };
}

const LENGTHS = [3, 30, 200, 700, 1_500, 3_000];

/** Which faults a case has: all kinds, or one or two of them again and again. */
export function faultKinds(random: Random): readonly FaultKind[] | undefined {
  const few = [random.pick(FAULT_KINDS), random.pick(FAULT_KINDS)];
  return random.once(2) ? few : undefined;
}

/** When faults come. Of which kind and to whom is chosen then. */
export function faultPlan(random: Random, spanMs: number): Fault[] {
  if (random.once(8)) return [];
  if (random.once(8)) return reloads(random, spanMs);
  const count = random.pick([1, 2, 3, 4, 6, 12]);
  const moment = moments(random);
  return Array.from({ length: count }, () => ({
    atMs: 50 + random.below(spanMs),
    forMs: random.pick(LENGTHS),
    ...moment(),
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

export function availablePlan(random: Random, spanMs: number): Fault[] {
  if (random.once(10)) return [];
  const count = random.pick([1, 1, 2, 3, 5, 8]);
  const moment = moments(random);
  return Array.from({ length: count }, () => ({
    atMs: 2_000 + random.below(spanMs - 2_000),
    forMs: random.pick(AVAILABLE_LENGTHS),
    ...moment(),
  })).sort((a, b) => a.atMs - b.atMs);
}

/** In a cluster: all kinds, slots that move, failovers, or what kills and parts nodes. */
export function clusterKinds(random: Random): readonly FaultKind[] | undefined {
  const few = [random.pick(CLUSTER_FAULTS), random.pick(FAULT_KINDS)];
  const quiet: readonly FaultKind[] = ['reshard', 'promote', 'grow', 'shrink'];
  const kinds = random.pick([
    ...[undefined, few, quiet, ['reshard'] as const],
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
